import { mkdir, rename, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSettings } from '../../src/config/parse-settings.ts';
import { serverSettings } from '../../src/config/server-settings.ts';
import type { ServiceNotifier } from '../../src/sd-notify.ts';
import { eventually } from '../../test/support/eventually.ts';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { startServer } from '../main.ts';
import { sweepMs } from '../testing/test-server.ts';
import { tellService } from './tell-service.ts';

const service = suite('tellService of the server');

/** Hears what systemd would. */
function listener(watchdogMs?: number): ServiceNotifier & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    isSilent: false,
    watchdogMs,
    ready: (status) => told.push(`READY ${status}`),
    status: (text) => told.push(text),
    alive: () => told.push('ALIVE'),
    stopping: (status, longestMs) => told.push(`STOPPING ${status} ${longestMs}`),
    close: () => Promise.resolve(),
  };
}

const silent = pino({ level: 'silent' });
const tasks = { pending: 2, leased: 1, waiting: 0, done: 0, no_speech: 0, dead: 0 };
const figures = { tasks, liveLeases: 1, oldestPendingAt: undefined };

type Parts = { objection?: () => Promise<string | undefined>; figures?: () => Promise<typeof figures> };

function scene(parts: Parts = {}, watchdogMs = 120_000) {
  const notifier = listener(watchdogMs);
  const warnings: string[] = [];
  const logger = pino({}, { write: (line: string) => warnings.push((JSON.parse(line) as { msg: string }).msg) });
  const teller = tellService({
    notifier,
    readiness: { objection: parts.objection ?? (() => Promise.resolve(undefined)) },
    desk: { figures: parts.figures ?? (() => Promise.resolve(figures)) },
    roundMs: 15_000,
    logger,
  });
  return { teller, told: notifier.told, warnings };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

service('is ready before the first scan has ended, alive with each round, and stays stopping', async () => {
  const { teller, told } = scene();
  teller.listening();
  await turn();
  teller.scanned();
  await turn();
  teller.round();
  await turn();
  assert.equal(told, [
    'READY scanning the library',
    'scanning the library (1 in work, 2 waiting)',
    '1 in work, 2 waiting',
    'ALIVE',
    '1 in work, 2 waiting',
  ]);
  told.length = 0;
  teller.stopping();
  teller.round();
  await turn();
  assert.equal(told, ['STOPPING stopping 35000', 'ALIVE']);
});

service('a scan that ends while it looks is seen', async () => {
  const { teller, told } = scene();
  teller.listening();
  teller.scanned();
  await turn();
  assert.is(told.at(-1), '1 in work, 2 waiting');
});

service('a library that hangs keeps nobody from being alive, and is said', async () => {
  let calls = 0;
  const { teller, told } = scene({
    objection: () => {
      calls += 1;
      return new Promise(() => {});
    },
  });
  teller.listening();
  for (let round = 0; round < 3; round += 1) teller.round();
  await turn();
  assert.is(calls, 1);
  assert.equal(told, [
    'READY scanning the library',
    'ALIVE',
    'ALIVE',
    'no tasks are handed out: the library does not answer',
    'ALIVE',
    'no tasks are handed out: the library does not answer',
  ]);
});

service('says that the database cannot be read', async () => {
  const { teller, told } = scene({ figures: () => Promise.reject(new Error('database is locked')) });
  teller.round();
  await turn();
  assert.is(told.at(-1), 'no tasks are handed out: the task database cannot be read: database is locked');
});

service('warns of a watchdog that is too impatient', () => {
  assert.equal(scene({}, 30_000).warnings, ['WatchdogSec is short for this server: make it 60 or more']);
  assert.equal(scene({}, 60_000).warnings, []);
});

async function startOn(folder: { join: (...parts: string[]) => string }) {
  const settings = parseSettings(serverSettings, {
    AUDIO_DIR: folder.join('library'),
    DB_FILE: folder.join('tasks.sqlite'),
    PORT: '0',
    STT_DEFAULT_LANGUAGE: 'en',
    STT_SETTLE_SECONDS: '0',
    STT_WATCH: 'false',
  });
  const notifier = listener();
  const clock = fakeClock();
  const server = await startServer({ settings, logger: silent, clock, notifier });
  return { told: notifier.told, clock, server, [Symbol.asyncDispose]: () => server.close() };
}

service('a server tells all of it, and says when its library is gone', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library'));
  await writeFile(folder.join('library/a.mp3'), 'audio');
  await using at = await startOn(folder);
  const { server, clock, told } = at;
  await eventually(() => told.includes('0 in work, 1 waiting'), 'it says what waits');
  assert.equal(told.slice(0, 2), ['starting', 'READY scanning the library']);
  assert.not(told.includes('ALIVE'));
  await fetch(`${server.url}/task`).then((response) => response.arrayBuffer());
  await rename(folder.join('library'), folder.join('gone'));
  await eventually(() => clock.isAwaited(sweepMs), 'the sweep waits');
  await clock.advance(sweepMs);
  await eventually(() => told.includes('ALIVE'), 'the round has ended');
  const gone = /^no tasks are handed out: the library is missing: .* \(1 in work, 0 waiting\)$/u;
  await eventually(() => told.some((each) => gone.test(each)), 'it says that the library is gone');
  await server.close();
  assert.match(told.at(-1) ?? '', /^STOPPING stopping \d+$/u);
});

service(
  'a sweep that waits for the database shows no life; one that fails does: starting again would not help',
  async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('library'));
    await writeFile(folder.join('library/a.mp3'), 'audio');
    await using at = await startOn(folder);
    const { server, clock, told } = at;
    await fetch(`${server.url}/task`).then((response) => response.arrayBuffer());
    await eventually(() => clock.isAwaited(sweepMs), 'the sweep waits');
    using rival = new DatabaseSync(folder.join('tasks.sqlite'), { timeout: 5000 });
    rival.exec('BEGIN IMMEDIATE');
    // So long after the last one that it gives the lease a fresh term.
    await clock.advance(4 * sweepMs);
    await eventually(() => !clock.isAwaited(sweepMs), 'the sweep is under way');
    await setTimeout(500);
    assert.not(told.includes('ALIVE'));
    await eventually(() => told.includes('ALIVE'), 'the round failed');
  },
);

service.run();
