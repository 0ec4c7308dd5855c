import { copyFile, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runChild } from '../../run-child.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { importAncestorFolders } from './import-ancestor-folders.ts';
import { desk, lettersIn, never } from './testing/outbox-desk.ts';

const run = suite('importAncestorFolders');

const vtt = 'WEBVTT\n\n00:00.000 --> 00:01.000\nGrüße\n';

async function importing(folder: TemporaryFolder) {
  const events: WorkerEvent[] = [];
  const count = await importAncestorFolders({
    folders: [folder.path, folder.path, folder.join('nowhere')],
    outboxFolder: folder.join('outbox'),
    report: (event) => events.push(event),
  });
  return { count, said: events.map((event) => (event.event === 'warning' ? event.message : '')) };
}

async function ancestor(folder: TemporaryFolder): Promise<void> {
  await mkdir(folder.join('outbox', 'refused'), { recursive: true });
  await mkdir(folder.join('processed_not_uploaded'));
  await mkdir(folder.join('not_processed_failed_report'));
  await writeFile(folder.join('processed_not_uploaded', 'one.vtt'), vtt);
  await writeFile(folder.join('processed_not_uploaded', 'two.vtt'), vtt);
  await writeFile(folder.join('not_processed_failed_report', 'three'), '');
  await writeFile(folder.join('not_processed_failed_report', 'four'), 'no audio in it\n');
}

run('puts what an ancestor could not deliver into the outbox, once, and keeps the files', async () => {
  await using folder = await temporaryFolder();
  await ancestor(folder);
  const { count, said } = await importing(folder);
  assert.is(count, 4);
  assert.match(said[0] ?? '', /^2 letter\(s\).*processed_not_uploaded were put into the outbox/u);
  assert.is((await lettersIn(folder.join('outbox'))).length, 4);
  assert.is(await readFile(folder.join('processed_not_uploaded', 'imported', 'one.vtt'), 'utf8'), vtt);
  assert.equal(await readdir(folder.join('processed_not_uploaded')), ['imported']);
  assert.equal(await readdir(folder.join('not_processed_failed_report')), ['imported']);
  assert.equal(await importing(folder), { count: 0, said: [] });

  const { outbox, sent } = await desk({ ...folder, path: folder.join('outbox') });
  assert.is(await outbox.flush(0, never), 0);
  const byId = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  assert.equal(sent.toSorted(byId), [
    { id: 'four', error: 'no audio in it\n' },
    { id: 'one', vtt },
    { id: 'three' },
    { id: 'two', vtt },
  ]);
});

run('imports nothing twice when it was killed before the original was moved', async () => {
  await using folder = await temporaryFolder();
  await ancestor(folder);
  const original = folder.join('processed_not_uploaded', 'one.vtt');
  await copyFile(original, folder.join('copy'));
  await importing(folder);
  // As if it had been killed between the two steps.
  await copyFile(folder.join('copy'), original);
  assert.is((await importing(folder)).count, 1);
  assert.is((await lettersIn(folder.join('outbox'))).length, 4);
  assert.equal((await readdir(folder.join('processed_not_uploaded', 'imported'))).length, 3);
  // Also after it was refused.
  const { outbox, answerWith } = await desk({ ...folder, path: folder.join('outbox') });
  answerWith({ kind: 'refused', reason: 'HTTP 404: ID not found' });
  await outbox.flush(0, never);
  await copyFile(folder.join('copy'), original);
  await importing(folder);
  assert.equal(
    [(await lettersIn(folder.join('outbox'))).length, (await lettersIn(folder.join('outbox', 'refused'))).length],
    [0, 4],
  );
});

run('takes each file over once when workers start together', async () => {
  await using folder = await temporaryFolder();
  await ancestor(folder);
  for (let count = 0; count < 40; count += 1) {
    await writeFile(folder.join('processed_not_uploaded', `id${count}.vtt`), `${vtt}${count}`);
  }
  const program = `
    import { importAncestorFolders } from '${import.meta.dirname}/import-ancestor-folders.ts';
    const options = { folders: ['${folder.path}'], outboxFolder: '${folder.join('outbox')}', report: () => {} };
    process.stdout.write(String(await importAncestorFolders(options)));`;
  const worker = { file: process.execPath, args: ['--input-type=module', '-e', program], stdoutLimitBytes: 1000 };
  const ends = await Promise.all([runChild(worker), runChild(worker), runChild(worker)]);
  for (const end of ends) assert.is(end.exitCode, 0, end.outputTail);
  assert.is(
    ends.reduce((sum, end) => sum + Number(end.stdout), 0),
    44,
  );
  assert.is((await lettersIn(folder.join('outbox'))).length, 44);
});

run('leaves what is no transcript where it is, and names it', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('processed_not_uploaded', 'folder.vtt'), { recursive: true });
  const place = (name: string): string => folder.join('processed_not_uploaded', name);
  await writeFile(folder.join('secret'), vtt);
  await symlink(folder.join('secret'), place('link.vtt'));
  await writeFile(place('a b.vtt'), vtt);
  await writeFile(place('new\nline.vtt'), vtt);
  await writeFile(place('.vtt'), vtt);
  await writeFile(place('.gitkeep'), '');
  await writeFile(place('notes.txt'), vtt);
  await writeFile(place('empty.vtt'), '');
  await writeFile(place('bytes.vtt'), Buffer.from([0x57, 0xff, 0xfe]));
  await writeFile(place(`${'x'.repeat(129)}.vtt`), vtt);
  await using huge = await open(place('huge.vtt'), 'w');
  await huge.truncate(5_000_000);
  const pipe = await runChild({ file: 'mkfifo', args: [place('pipe.vtt')] });
  assert.is(pipe.exitCode, 0);
  const before = (await readdir(folder.join('processed_not_uploaded'))).toSorted();
  const { count, said } = await importing(folder);
  assert.is(count, 0);
  assert.is(said.length, 1);
  assert.match(said[0] ?? '', /^Left as they are.*"a b\.vtt", "bytes\.vtt", .*, and 5 more$/u);
  assert.not(/\n/u.test(said[0] ?? ''));
  assert.equal((await readdir(folder.join('processed_not_uploaded'))).toSorted(), [...before, 'imported'].toSorted());
  assert.equal(await lettersIn(folder.join('outbox')).catch(() => []), []);
});

run('imports nothing where the originals cannot be moved, and says so', async () => {
  await using folder = await temporaryFolder();
  await ancestor(folder);
  await writeFile(folder.join('processed_not_uploaded', 'imported'), 'in the way');
  const { count, said } = await importing(folder);
  assert.is(count, 2);
  assert.match(said[0] ?? '', /processed_not_uploaded cannot be taken over: /u);
  assert.is((await lettersIn(folder.join('outbox'))).length, 2);
});

run('overwrites no file that was imported before under the same name', async () => {
  await using folder = await temporaryFolder();
  await ancestor(folder);
  await importing(folder);
  await writeFile(folder.join('processed_not_uploaded', 'one.vtt'), 'WEBVTT\n\nanother\n');
  assert.is((await importing(folder)).count, 1);
  const imported = await readdir(folder.join('processed_not_uploaded', 'imported'));
  assert.is(imported.filter((name) => name.startsWith('one.vtt')).length, 2);
});

run.run();
