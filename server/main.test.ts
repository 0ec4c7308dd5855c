import { mkdir, writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSettings } from '../src/config/parse-settings.ts';
import { serverSettings } from '../src/config/server-settings.ts';
import { fakeClock } from '../test/support/fake-clock.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { startServer } from './main.ts';
import { sweepMs } from './testing/test-server.ts';

const run = suite('the server');

run('ends leases that ran out while its first scan takes its time', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library'));
  await writeFile(folder.join('library/a.mp3'), 'audio');
  const settings = parseSettings(serverSettings, {
    AUDIO_DIR: folder.join('library'),
    DB_FILE: folder.join('tasks.sqlite'),
    PORT: '0',
    STT_DEFAULT_LANGUAGE: 'en',
    STT_SETTLE_SECONDS: '0',
    STT_WATCH: 'false',
  });
  const steps: string[] = [];
  const logger = pino({}, { write: (line: string) => steps.push((JSON.parse(line) as { msg: string }).msg) });
  const clock = fakeClock();
  const sleep: typeof clock.sleep = (ms, signal) => {
    if (ms === sweepMs) steps.push('waits for the next sweep');
    return clock.sleep(ms, signal);
  };
  const server = await startServer({ settings, logger, clock: { ...clock, sleep } });
  await server.close();
  assert.equal(steps.slice(0, 2), ['waits for the next sweep', 'scanned the library']);
});

run.run();
