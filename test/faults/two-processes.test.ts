// deadline: 120 s
/** Two processes with 16 connections each race for 500 tasks, and so do two of the ancestor's kind: nothing is granted twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { judge, readJournal, transcriptOf, type JournalLine } from './journal.ts';
import type { QueueClientOptions } from './queue-client.ts';

const race = suite('two processes');

const tasks = 500;
const queueClient = path.join(import.meta.dirname, 'queue-client.ts');

for (const protocols of [
  [2, 2],
  [1, 1],
  [1, 2],
] as const) {
  race(`of protocol ${protocols.join(' and ')} share ${tasks} tasks`, async () => {
    await using folder = await temporaryFolder();
    const library = folder.join('library');
    await mkdir(library);
    const recordings = Array.from({ length: tasks }, (_, index) => `${index}.mp3`);
    for (const name of recordings) await writeFile(path.join(library, name), name);
    await using server = await startServerProcess({
      library,
      stateFolder: folder.path,
      env: { STT_DEFAULT_LANGUAGE: 'en' },
    });
    const journals = protocols.map((_, index) => folder.join(`journal-${index}`));
    const clients = protocols.map((protocol, index) => {
      const journal = journals[index] ?? '';
      const options: QueueClientOptions = {
        port: server.port,
        journal,
        protocol,
        lanes: 16,
        seed: index,
        speed: 1,
        isCalm: true,
      };
      return spawn(process.execPath, [queueClient, JSON.stringify(options)], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
    });
    const lines = (): JournalLine[] => journals.flatMap((file) => readJournal(file));
    try {
      await eventually(() => judge(lines()).accepted.size === tasks, 'all tasks are done', 60_000);
    } finally {
      for (const client of clients) {
        client.kill('SIGKILL');
        await once(client, 'exit');
      }
    }
    const { grants, accepted, violations } = judge(lines());
    assert.equal(violations, []);
    assert.is(grants, tasks);
    for (const [recording, { leaseId }] of accepted) {
      const stored = await readFile(path.join(library, recording.replace('.mp3', '.vtt')), 'utf8');
      assert.is(stored, transcriptOf(recording, leaseId));
    }
    // Both took part.
    for (const file of journals) assert.ok(readJournal(file).length > tasks / 10);
  });
}

race.run();
