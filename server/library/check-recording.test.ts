import { createHash } from 'node:crypto';
import { stat, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { checkRecording } from './check-recording.ts';
import { LibraryRoot } from './library-root.ts';
import { fingerprintOf } from './open-recording.ts';

const run = suite('checkRecording');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function recording(bytes: Uint8Array) {
  const folder = await temporaryFolder();
  const file = folder.join('a.mp3');
  await writeFile(file, bytes);
  const fingerprint = fingerprintOf(await stat(file, { bigint: true }));
  const check = (recordingSha256: string | undefined = sha256(bytes)) =>
    checkRecording(new LibraryRoot(folder.path), { path: 'a.mp3', fingerprint, recordingSha256 });
  return { file, check, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

run('knows a recording again that was merely touched, by its bytes', async () => {
  const bytes = Buffer.alloc(3_000_000, 'audio');
  await using given = await recording(bytes);
  assert.is(given.check(), undefined);
  await utimes(given.file, 1000, 1000);
  assert.is(given.check(), undefined);
});

run('tells other bytes of the same size and another size', async () => {
  await using given = await recording(Buffer.from('audio'));
  await writeFile(given.file, 'other');
  await utimes(given.file, 1000, 1000);
  assert.equal(given.check(), { kind: 'changed', fingerprint: '5:1000000000000', sizeBytes: 5 });
  await writeFile(given.file, 'longer');
  assert.is(given.check()?.kind, 'changed');
});

run('takes a touched recording for another one where its digest is not known', async () => {
  await using given = await recording(Buffer.from('audio'));
  await utimes(given.file, 1000, 1000);
  const { check } = given;
  assert.is(check(sha256(Buffer.from('audio'))), undefined);
  assert.is(
    checkRecording(new LibraryRoot(given.file.slice(0, -'/a.mp3'.length)), {
      path: 'a.mp3',
      fingerprint: '5:1',
      recordingSha256: undefined,
    })?.kind,
    'changed',
  );
});

run('says where there is none any more', async () => {
  await using given = await recording(Buffer.from('audio'));
  await writeFile(given.file, '');
  assert.equal(given.check(), { kind: 'gone', reason: 'it is empty (0 bytes)' });
});

run.run();
