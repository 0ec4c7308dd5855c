import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { logProcessed } from './processed-log.ts';

const run = suite('logProcessed');

run("has the ancestor's columns, and a line for each task that came to an end here", async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker', 'processed.csv');
  const about = { slot: 1, task: 'a' } as const;
  const done = { ...about, event: 'transcribed', delivery: 'accepted', audioSeconds: 90, engineSeconds: 3 } as const;
  await logProcessed(file, { ...done, outcome: 'ok' }, 'en', 4);
  await logProcessed(file, { ...done, outcome: 'no_speech' }, 'de', 4);
  await logProcessed(file, { ...about, event: 'failed', phase: 'decode', reason: 'It is "empty", really.' }, 'en', 1);
  await logProcessed(file, { ...about, event: 'lease_lost', reason: 'too late' }, 'en', 1);
  await logProcessed(file, { ...about, event: 'handed_back', accepted: true, reason: 'the worker stops' }, 'en', 1);
  assert.is(
    await readFile(file, 'utf8'),
    `file_id,language,time_taken,audio_minutes,status,reason
a,en,4.00,1.50,success,
a,de,4.00,1.50,success,no speech
a,en,1.00,0,failure,"It is ""empty"", really."
a,en,1.00,0,failure,lease lost: too late
`,
  );
});

run.run();
