import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { DeliveryRequest } from './delivery.ts';
import { Library } from './library.ts';
import { smallBytes } from './look-at-recording.ts';
import type { Offer } from './opened-recording.ts';
import { readAt } from './read-at.ts';

const run = suite('Library');

async function startLibrary(transcriptPattern = '{stem}.vtt') {
  const folder = await temporaryFolder();
  const library = await Library.start({
    root: folder.path,
    transcriptPattern,
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    folder,
    library,
    async [Symbol.asyncDispose]() {
      await library.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Open = Extract<Offer, { kind: 'open' }>;

function opened(offer: { kind: string }): Open['recording'] {
  if (offer.kind !== 'open') throw new Error(JSON.stringify(offer));
  return (offer as Open).recording;
}

async function openRecordings(): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => link.includes('.mp3')).length;
}

run('brings a small recording whole, with its digest, and nothing stays open', async () => {
  await using given = await startLibrary();
  const bytes = randomBytes(smallBytes);
  await writeFile(given.folder.join('a.mp3'), bytes);
  const recording = opened(await given.library.offer('a.mp3', 'en'));
  if (recording.content.kind !== 'bytes') throw new Error('not whole');
  assert.ok(bytes.equals(recording.content.bytes));
  assert.is(recording.content.sha256, createHash('sha256').update(bytes).digest('hex'));
  assert.is(recording.sizeBytes, smallBytes);
  if (process.platform === 'linux') assert.is(await openRecordings(), 0);
});

run('brings a larger recording as a descriptor that this thread reads and closes', async () => {
  await using given = await startLibrary();
  const bytes = randomBytes(smallBytes + 1);
  await writeFile(given.folder.join('a.mp3'), bytes);
  for (let round = 0; round < 3; round += 1) {
    const recording = opened(await given.library.open('a.mp3'));
    if (recording.content.kind !== 'file') throw new Error('not a descriptor');
    const read = Buffer.alloc(bytes.length);
    assert.is(await readAt(recording.content.fd, read, read.length, 0), bytes.length);
    assert.ok(read.equals(bytes));
    // Twice: the number may be another file's by then.
    await recording[Symbol.asyncDispose]();
    await recording[Symbol.asyncDispose]();
  }
  if (process.platform === 'linux') assert.is(await openRecordings(), 0);
});

run('finds a transcript before the recording, by each name that it may have', async () => {
  await using given = await startLibrary('{stem}.{lang}.vtt');
  const { library, folder } = given;
  await writeFile(folder.join('a.mp3'), 'audio');
  assert.is((await library.offer('a.mp3', 'en')).kind, 'open');
  for (const name of ['a.vtt', 'a.en.vtt']) {
    await writeFile(folder.join(name), 'WEBVTT\n');
    assert.equal(await library.offer('a.mp3', 'en'), { kind: 'transcribed' });
    assert.ok(await library.hasTranscript('a.mp3', 'en'));
    assert.ok(await library.holdsTranscript('a.mp3', 'en', Buffer.from('WEBVTT\n')));
    assert.not(await library.holdsTranscript('a.mp3', 'en', Buffer.from('other')));
    assert.is((await library.open('a.mp3')).kind, 'open');
    await rm(folder.join(name));
  }
  assert.not(await library.hasTranscript('a.mp3', 'en'));
});

run('answers what is asked together, each by itself, deliveries by their order of arrival', async () => {
  await using given = await startLibrary();
  const { library, folder } = given;
  const names = Array.from({ length: 20 }, (_, index) => `${index}.mp3`);
  for (const name of names) await writeFile(folder.join(name), name);
  const request = async (name: string, text: string): Promise<DeliveryRequest> => {
    const { fingerprint } = opened(await library.open(name));
    const files = [{ name: `${name.slice(0, -4)}.vtt`, bytes: Buffer.from(text) }];
    return { path: name, fingerprint, recordingSha256: undefined, files };
  };
  const requests = await Promise.all(names.map((name) => request(name, `WEBVTT ${name}`)));
  const replaced = await request('1.mp3', 'WEBVTT');
  await truncate(folder.join('1.mp3'), 3);
  const first = requests[0] as DeliveryRequest;
  const other = { ...first, files: [{ name: '0.vtt', bytes: Buffer.from('WEBVTT other') }] };
  const answers = Promise.all([...requests, first, other, replaced].map((one) => library.deliver(one)));
  const gone = library.open('missing.mp3');
  const kinds = (await answers).map(({ kind }) => kind);
  assert.equal(kinds, ['created', 'changed', ...names.slice(2).map(() => 'created'), 'same', 'other', 'changed']);
  assert.is((await gone).kind, 'gone');
  assert.is(await readFile(folder.join('19.vtt'), 'utf8'), 'WEBVTT 19.mp3');
});

run('rejects with the error of a disk that takes nothing, and goes on with the rest', async () => {
  await using given = await startLibrary();
  const { library, folder } = given;
  await writeFile(folder.join('a.mp3'), 'audio');
  const { fingerprint } = opened(await library.open('a.mp3'));
  const deliver = (name: string) =>
    library.deliver({
      path: 'a.mp3',
      fingerprint,
      recordingSha256: undefined,
      files: [{ name, bytes: Buffer.from('x') }],
    });
  const [bad, good] = await Promise.allSettled([deliver(`${'n'.repeat(300)}.vtt`), deliver('a.vtt')]);
  assert.is(bad.status === 'rejected' && (bad.reason as { code: string }).code, 'ENAMETOOLONG');
  assert.equal(good, { status: 'fulfilled', value: { kind: 'created' } });
});

run.run();
