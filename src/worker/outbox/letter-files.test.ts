import { mkdir, open, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canMount, smallDisk } from '../../../test/support/small-disk.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { ownToken } from '../process-owner.ts';
import { desk, endedRun, errorReport, later, lettersIn, never, transcript } from './testing/outbox-desk.ts';

const run = suite('letter files');

await using probe = await temporaryFolder();
const mayMount = await canMount(probe.path);

const half = '{"kind":"result","message":{"id":"a","vtt":"WEB';

run('sweeps what runs that ended were writing, and never takes it for a letter', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('refused'));
  const old = new Date(Date.now() - 3_600_000);
  const write = async (name: string, age = new Date()): Promise<void> => {
    await writeFile(folder.join(name), half);
    await utimes(folder.join(name), age, age);
  };
  await write(`.000000000000001-ab.${endedRun}.json.stt-tmp`);
  await write(`refused/.000000000000001-ab.${endedRun}.json.stt-tmp`);
  await write('.0123456789ab.stt-tmp', old);
  // Of somebody who may be writing still.
  await write(`.000000000000002-ab.${ownToken}.json.stt-tmp`);
  await write('.000000000000003-ab.other_host-1-1.json.stt-tmp');
  await write('.ba9876543210.stt-tmp');
  const { outbox, sent, events } = await desk(folder);
  assert.equal([await outbox.countWaiting(), await outbox.flush(0, never), sent.length, events.length], [0, 0, 0, 0]);
  assert.equal((await readdir(folder.path)).toSorted(), [
    `.000000000000002-ab.${ownToken}.json.stt-tmp`,
    '.000000000000003-ab.other_host-1-1.json.stt-tmp',
    '.ba9876543210.stt-tmp',
    'refused',
  ]);
  assert.equal(await readdir(folder.join('refused')), []);
});

run('shows workers of other machines that its letters are seen to, also while the server wants quiet', async () => {
  await using folder = await temporaryFolder();
  const { outbox, answerWith } = await desk(folder);
  answerWith({ ...later, status: 503, retryAfterMs: 3_600_000 });
  await outbox.post(transcript, never);
  await outbox.post(errorReport, never);
  for (const step of [() => outbox.flush(0, never), () => outbox.deliverAll(never)]) {
    const names = await lettersIn(folder.path);
    const old = new Date(Date.now() - 3_600_000);
    for (const name of names) await utimes(folder.join(name), old, old);
    await step();
    for (const name of names) assert.ok(Date.now() - (await stat(folder.join(name))).mtimeMs < 60_000);
  }
});

run('keeps garbage with all its bytes, also where they are no text', async () => {
  await using folder = await temporaryFolder();
  const bytes = Buffer.from([0xff, 0xfe, 0, 1]);
  await writeFile(folder.join(`000000000000001-ab.${endedRun}.json`), bytes);
  await writeFile(folder.join(`000000000000002-ab.${endedRun}.json`), '');
  await writeFile(folder.join(`000000000000003-ab.${endedRun}.json`), half);
  const { outbox, sent } = await desk(folder);
  assert.is(await outbox.flush(0, never), 0);
  assert.is(sent.length, 0);
  const kept = await Promise.all(
    (await readdir(folder.join('refused'))).toSorted().map((name) => readFile(folder.join('refused', name), 'utf8')),
  );
  assert.equal(
    kept.map((text) => JSON.parse(text) as object),
    [
      { reason: 'not a letter', base64: bytes.toString('base64') },
      { reason: 'not a letter', text: '' },
      { reason: 'not a letter', text: half },
    ],
  );
});

run('follows no link, and reads no file that is too large for a letter', async () => {
  await using folder = await temporaryFolder();
  const outside = folder.join('outside');
  await writeFile(outside, JSON.stringify(transcript));
  await symlink(outside, folder.join(`000000000000001-ab.${endedRun}.json`));
  const name = `000000000000002-ab.${endedRun}.json`;
  await using handle = await open(folder.join(name), 'w');
  await handle.truncate(10 ** 12);
  const { outbox, sent, events } = await desk(folder);
  assert.is(await outbox.flush(0, never), 0);
  assert.is(sent.length, 0);
  assert.match(JSON.stringify(events), 'left as it is: it has 1000000000000 bytes, and no letter has so many');
  assert.ok((await stat(outside)).isFile());
});

const onDisk = (title: string, body: () => Promise<void>): void =>
  mayMount ? run(title, body) : run.skip(title, body);
if (!mayMount) console.log('skipped: mounting a small tmpfs is not permitted here (it takes root on Linux)');

onDisk('sets a refused letter aside on a full disk too, and delivers what cannot be written', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('disk'), 256 * 1024);
  const { outbox, answerWith, sent } = await desk({ ...folder, path: disk.path });
  answerWith({ kind: 'later', reason: 'away', retryAfterMs: undefined });
  await outbox.post(transcript, never);
  await disk.fill();
  answerWith({ kind: 'refused', reason: 'HTTP 409: lease lost' });
  assert.is(await outbox.flush(0, never), 0);
  const [name = ''] = await lettersIn(`${disk.path}/refused`);
  assert.equal(JSON.parse(await readFile(`${disk.path}/refused/${name}`, 'utf8')), transcript);
  answerWith({ kind: 'accepted' });
  assert.is(await outbox.post(transcript, never), 'accepted');
  assert.is(sent.length, 3);
  // Nothing half-written takes up room.
  assert.equal((await readdir(disk.path)).toSorted(), ['.filler', 'refused']);
  await disk.free();
  assert.is(await outbox.post(transcript, never), 'accepted');
});

run.run();
