import { fsyncSync, linkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { deliverFiles, type Disk } from './deliver-files.ts';
import type { Delivered, DeliveryRequest } from './delivery.ts';

const run = suite('deliverFiles');

const request = (path: string, text = 'words', formats: readonly string[] = ['vtt']): DeliveryRequest => ({
  path,
  fingerprint: '',
  recordingSha256: undefined,
  files: formats.map((format) => ({
    name: path.replace(/mp3$/u, format),
    bytes: Buffer.from(`${format}: ${text}`),
  })),
});

const kinds = (answers: readonly (Delivered | Error)[]): string[] =>
  answers.map((answer) => (answer instanceof Error ? answer.message : answer.kind));

const failing = (broken: Partial<Disk>): Disk => ({ fsync: async (fd) => fsyncSync(fd), link: linkSync, ...broken });

const error = (code: string): Error => Object.assign(new Error(`${code}: broken`), { code });

async function library(...folders: string[]): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for (const name of folders) await mkdir(folder.join(name), { recursive: true });
  return folder;
}

run('writes many at once, each whole, each with its own answer, and leaves nothing else', async () => {
  await using root = await library('a/b');
  const requests = Array.from({ length: 150 }, (_, index) =>
    request(`${index % 2 === 0 ? '' : 'a/b/'}${index}.mp3`, `text ${index}`, ['vtt', 'srt']),
  );
  assert.equal([...new Set(kinds(await deliverFiles(root.path, requests)))], ['created']);
  for (const { files } of requests) {
    for (const { name, bytes } of files) assert.ok((await readFile(root.join(name))).equals(bytes));
  }
  assert.is((await readdir(root.path, { recursive: true })).length, 302);
  assert.is((await stat(root.join('0.vtt'))).mode & 0o777, 0o644);
  assert.equal([...new Set(kinds(await deliverFiles(root.path, requests)))], ['same']);
});

run('fsyncs every file before any name, and each folder once after them', async () => {
  await using root = await library('a');
  const steps: string[] = [];
  const disk = failing({
    fsync: async (fd) => {
      steps.push('fsync');
      fsyncSync(fd);
    },
    link: (from, to) => {
      steps.push('link');
      linkSync(from, to);
    },
  });
  await deliverFiles(
    root.path,
    ['1.mp3', '2.mp3', 'a/3.mp3', 'a/4.mp3'].map((path) => request(path)),
    disk,
  );
  assert.equal(steps, [...Array(4).fill('fsync'), ...Array(4).fill('link'), 'fsync', 'fsync']);
  steps.length = 0;
  await deliverFiles(root.path, [request('1.mp3')], disk);
  // Somebody may have been stopped before they were.
  assert.equal(steps, ['fsync', 'fsync']);
});

run('never overwrites what is there, whatever it is', async () => {
  await using root = await library('folder.vtt');
  await writeFile(root.join('mine.vtt'), 'my own words');
  await writeFile(root.join('long.vtt'), 'vtt: wordy');
  await symlink(root.join('mine.vtt'), root.join('link.vtt'));
  await symlink(root.join('nothing'), root.join('dangling.vtt'));
  const names = ['mine', 'long', 'folder', 'link', 'dangling', 'new'];
  const answers = await deliverFiles(
    root.path,
    names.map((name) => request(`${name}.mp3`, 'words', ['vtt', 'srt'])),
  );
  assert.equal(kinds(answers), ['other', 'other', 'other', 'other', 'other', 'created']);
  assert.is(await readFile(root.join('mine.vtt'), 'utf8'), 'my own words');
  assert.is((await readdir(root.path)).filter((name) => name.endsWith('.srt')).length, 1);
});

run('takes the name for taken also when it appears at the last moment', async () => {
  await using root = await library();
  const disk = failing({
    link: (from, to) => {
      writeFileSync(to, 'my own words');
      linkSync(from, to);
    },
  });
  assert.equal(kinds(await deliverFiles(root.path, [request('a.mp3', 'words', ['vtt', 'srt'])], disk)), ['other']);
  assert.equal(await readdir(root.path), ['a.vtt']);
});

run('leaves another format of somebody else as it is, says so, and writes what is missing', async () => {
  await using root = await library();
  await writeFile(root.join('a.srt'), 'my own');
  const formats = ['vtt', 'srt', 'txt'];
  assert.equal(await deliverFiles(root.path, [request('a.mp3', 'words', formats)]), [
    { kind: 'created', skipped: ['a.srt'] },
  ]);
  assert.is(await readFile(root.join('a.srt'), 'utf8'), 'my own');
  await rm(root.join('a.txt'));
  assert.equal(await deliverFiles(root.path, [request('a.mp3', 'words', formats)]), [
    { kind: 'same', skipped: ['a.srt'] },
  ]);
  assert.is(await readFile(root.join('a.txt'), 'utf8'), 'txt: words');
});

run('lets no name stay behind where an fsync failed, and does not hurt the neighbours', async () => {
  await using root = await library('a');
  // Those of the first request: the disk is waited for side by side.
  for (const broken of [1, 3]) {
    let count = 0;
    const fsync = async (fd: number): Promise<void> => {
      count += 1;
      if (count === broken) throw error('EIO');
      fsyncSync(fd);
    };
    const requests = [request('a/1.mp3', 'words', ['vtt', 'srt']), request('a/2.mp3')];
    const answers = await deliverFiles(root.path, requests, failing({ fsync }));
    assert.equal(kinds(answers), ['EIO: broken', 'created'], `the ${broken}. fsync`);
    assert.equal(await readdir(root.join('a')), ['2.vtt']);
    await rm(root.join('a/2.vtt'));
  }
});

run('takes a folder that cannot be fsynced for a failure of all that is in it, and of nothing else', async () => {
  await using root = await library('a', 'b');
  let count = 0;
  const fsync = async (fd: number): Promise<void> => {
    count += 1;
    // Three files, then the folders in the order in which they were asked for.
    if (count === 4) throw error('EIO');
    fsyncSync(fd);
  };
  const requests = ['a/1.mp3', 'a/2.mp3', 'b/3.mp3'].map((path) => request(path));
  assert.equal(kinds(await deliverFiles(root.path, requests, failing({ fsync }))), [
    'EIO: broken',
    'EIO: broken',
    'created',
  ]);
  assert.equal(await readdir(root.join('a')), []);
  assert.equal(kinds(await deliverFiles(root.path, requests)), ['created', 'created', 'same']);
});

run('leaves nothing where the disk is full when the names are given', async () => {
  await using root = await library();
  let count = 0;
  const link = (from: string, to: string): void => {
    count += 1;
    if (count === 2) throw error('ENOSPC');
    linkSync(from, to);
  };
  const answers = await deliverFiles(
    root.path,
    [request('a.mp3', 'words', ['vtt', 'srt']), request('b.mp3')],
    failing({ link }),
  );
  assert.equal(kinds(answers), ['ENOSPC: broken', 'created']);
  assert.equal(await readdir(root.path), ['b.vtt']);
});

run('does without hard links, and does not overwrite there either', async () => {
  await using root = await library();
  await writeFile(root.join('mine.vtt'), 'my own words');
  const link = (): void => {
    throw error('EPERM');
  };
  const answers = await deliverFiles(root.path, [request('a.mp3'), request('mine.mp3')], failing({ link }));
  assert.equal(kinds(answers), ['created', 'other']);
  assert.equal((await readdir(root.path)).toSorted(), ['a.vtt', 'mine.vtt']);
});

run('tells one name that is too long from the others', async () => {
  await using root = await library();
  const [long, good] = await deliverFiles(root.path, [request(`${'x'.repeat(252)}.mp3`), request('a.mp3')]);
  assert.ok(long instanceof Error);
  assert.match(long.message, /^ENAMETOOLONG/u);
  assert.not.match(long.message, '/proc');
  assert.equal(good, { kind: 'created' });
});

run('never leaves the library, whatever its folders have become', async () => {
  await using outside = await temporaryFolder();
  await using root = await library('real/deep');
  await symlink(outside.path, root.join('evil'));
  await symlink(root.join('real'), root.join('inner'));
  await mkdir(outside.join('deep'));
  const answers = await deliverFiles(
    root.path,
    ['evil/a.mp3', 'evil/deep/a.mp3', 'inner/a.mp3', 'none/a.mp3', 'real/a.mp3'].map((path) => request(path)),
  );
  assert.equal(
    answers.map((answer) => (answer instanceof Error ? 'error' : answer.kind)),
    ['gone', 'gone', 'gone', 'gone', 'created'],
  );
  assert.equal(await readdir(outside.path, { recursive: true }), ['deep']);
});

run('works where the library itself is reached by a link', async () => {
  await using root = await library('real');
  await symlink(root.join('real'), root.join('link'));
  assert.equal(kinds(await deliverFiles(root.join('link'), [request('a.mp3')])), ['created']);
  assert.is(await readFile(root.join('real/a.vtt'), 'utf8'), 'vtt: words');
});

run('gives every descriptor back', async () => {
  await using root = await library('a');
  await writeFile(root.join('a/1.vtt'), 'my own words');
  const before = (await readdir('/proc/self/fd')).length;
  const fsync = async (): Promise<void> => {
    throw error('EIO');
  };
  for (let round = 0; round < 20; round += 1) {
    await deliverFiles(root.path, [request('a/1.mp3'), request('a/2.mp3'), request('none/3.mp3')], failing({ fsync }));
    await deliverFiles(root.path, [request('a/1.mp3'), request('a/2.mp3'), request('none/3.mp3')]);
  }
  assert.ok((await readdir('/proc/self/fd')).length <= before + 1);
});

run('stores the transcript where only the name of another format would be too long', async () => {
  await using root = await library();
  const long = 'a'.repeat(245);
  const name = `${long}.transcript.json`;
  const files = [`${long}.vtt`, name].map((one) => ({ name: one, bytes: Buffer.from('x') }));
  const answers = await deliverFiles(root.path, [{ ...request(`${long}.mp3`), files }]);
  assert.equal(answers, [{ kind: 'created', skipped: [name] }]);
  assert.equal(await readdir(root.path), [`${long}.vtt`]);
});

run.run();
