// deadline: 600 s
/**
 * 200 rounds of SIGKILL at random moments under load, on the server and on its clients: nothing that was acknowledged is lost,
 * nothing is granted or accepted twice, every task comes to its end. TEST_SEED says when what is killed; KILL_ROUNDS how often.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import type { HurriedClock } from '../support/hurried-server.ts';
import { randomFrom, testSeed } from '../support/random.ts';
import { freePort, spawnServer } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { judge, readJournal, transcriptOf, type JournalLine } from './journal.ts';
import type { QueueClientOptions } from './queue-client.ts';

const kill = suite('kill -9');

const rounds = Number(process.env['KILL_ROUNDS'] ?? 200);
const recordingsAtFirst = 300;
const recordingsPerRound = 8;
/** A lease of 10 s lasts 333 ms, a sweep comes twice a second, a failed task comes back after a second. */
const speed = 30;
const calmSpeed = 120;
const hurriedServer = path.join(import.meta.dirname, '..', 'support', 'hurried-server.ts');
const queueClient = path.join(import.meta.dirname, 'queue-client.ts');

const serverEnv = (clock: HurriedClock): Record<string, string> => ({
  TEST_CLOCK: JSON.stringify(clock),
  STT_LEASE_SECONDS: '10',
  STT_LEGACY_LEASE_HOURS: '0.01',
  STT_MAX_ATTEMPTS: '100',
  STT_DEFAULT_LANGUAGE: 'en',
});

kill('nothing that was acknowledged is lost, whatever is killed whenever', async () => {
  const random = randomFrom(testSeed());
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  const port = await freePort();

  const recordings: string[] = [];
  const addRecordings = async (count: number): Promise<void> => {
    for (let added = 0; added < count; added += 1) {
      const name = `${Math.floor(recordings.length / 50)}/${recordings.length}.mp3`;
      await mkdir(path.dirname(path.join(library, name)), { recursive: true });
      await writeFile(path.join(library, name), name);
      recordings.push(name);
    }
  };
  await addRecordings(recordingsAtFirst);

  const clients: { options: QueueClientOptions; child: ChildProcess }[] = [];
  const startClient = (options: QueueClientOptions): ChildProcess => {
    const seeded = { ...options, seed: Math.floor(random() * 2 ** 32) };
    return spawn(process.execPath, [queueClient, JSON.stringify(seeded)], { stdio: ['ignore', 'inherit', 'inherit'] });
  };
  const endClients = async (): Promise<void> => {
    for (const { child } of clients) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  };
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(endClients);
  for (const [index, protocol] of ([2, 2, 1] as const).entries()) {
    const journal = folder.join(`journal-${index}`);
    const options = { port, journal, protocol, lanes: 5, seed: 0, speed, isCalm: false };
    clients.push({ options, child: startClient(options) });
  }
  const journalLines = (): JournalLine[] => clients.flatMap(({ options }) => readJournal(options.journal));
  const transcriptFile = (recording: string): string => path.join(library, recording.replace('.mp3', '.vtt'));
  const checked = new Set<string>();
  const checkAcknowledged = async (): Promise<void> => {
    const { accepted, violations } = judge(journalLines());
    assert.equal(violations, []);
    for (const [recording, { leaseId }] of accepted) {
      if (checked.has(recording)) continue;
      assert.is(await readFile(transcriptFile(recording), 'utf8'), transcriptOf(recording, leaseId));
      checked.add(recording);
    }
  };

  // One start that ends in order: it leaves compiled code behind for the next 200, which never do.
  const warm = spawnServer({
    library,
    stateFolder: folder.path,
    port,
    env: serverEnv({ realMs: Date.now(), shownMs: Date.now(), speed }),
    program: hurriedServer,
  });
  await warm.listening;
  await warm.stop();

  const clock = { realMs: Date.now(), shownMs: Date.now(), speed };
  let startsMs = 0;
  let starts = 0;
  let killedClients = 0;
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now();
    await using server = spawnServer({
      library,
      stateFolder: folder.path,
      port,
      env: serverEnv(clock),
      program: hurriedServer,
    });
    if (random() < 0.15) {
      // While it starts.
      await delay(random() * 500);
    } else {
      await server.listening;
      startsMs += performance.now() - startedAt;
      starts += 1;
      await delay(random() * 300);
      if (round % 4 === 0) {
        const victim = clients[Math.floor(random() * clients.length)];
        if (victim !== undefined) {
          victim.child.kill('SIGKILL');
          await once(victim.child, 'exit');
          victim.child = startClient(victim.options);
          killedClients += 1;
        }
        await delay(random() * 200);
      }
    }
    await server.kill();
    await addRecordings(recordingsPerRound);
    if (round % 20 === 19) await checkAcknowledged();
  }
  await endClients();
  const underFire = judge(journalLines());

  // No more kills: every task must come to its end, also those whose worker is gone or whose grant nobody ever saw.
  const calm = { realMs: Date.now(), shownMs: clock.shownMs + (Date.now() - clock.realMs) * speed, speed: calmSpeed };
  await using server = spawnServer({
    library,
    stateFolder: folder.path,
    port,
    env: serverEnv(calm),
    program: hurriedServer,
  });
  await server.listening;
  for (const client of clients) {
    client.options = { ...client.options, speed: calmSpeed, isCalm: true };
    client.child = startClient(client.options);
  }
  const missing = async (): Promise<string[]> => {
    const names = new Set(await readdir(library, { recursive: true }));
    return recordings.filter((recording) => !names.has(recording.replace('.mp3', '.vtt')));
  };
  await eventually(async () => (await missing()).length === 0, 'every task is finished', 90_000);
  await endClients();
  await checkAcknowledged();

  const end = judge(journalLines());
  assert.equal(end.violations, []);
  for (const recording of recordings) {
    const bytes = await readFile(transcriptFile(recording), 'utf8');
    assert.ok(end.tried.get(recording)?.has(bytes), `nobody sent what lies beside ${recording}`);
  }
  const task = await fetch(`http://127.0.0.1:${port}/task`);
  assert.is(task.status, 204, 'a finished task is offered');
  const leftBehind = (await readdir(library, { recursive: true })).filter(
    (name) => !/^\d+(?:\/\d+\.(?:mp3|vtt))?$/u.test(name),
  );
  console.log(
    `${rounds} kills of the server (a start took ${Math.round(startsMs / starts)} ms), ${killedClients} of clients; ` +
      `${underFire.grants} grants and ${underFire.accepted.size} transcripts meanwhile, ${end.accepted.size} of ${recordings.length} ` +
      `acknowledged in the end, ${end.conflicts} times 409, ${leftBehind.length} temporary files left`,
  );
  // Otherwise the kills met an idle server.
  assert.ok(underFire.accepted.size > rounds, 'there was load');
});

kill.run();
