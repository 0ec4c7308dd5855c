import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startTestDeliveries } from '../testing/test-deliveries.ts';

const run = suite('deliveries');

const hello = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n';
const other = hello.replace('hello', 'other');

run('stores the normal form, and knows the same transcript again in any other', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const { leaseId: id } = await tests.claim();
  const raw = `\uFEFFWEBVTT\r\n\r\n00:00.000 --> 00:00.000\r\n <script>\u202Ehello\r\n`;
  assert.is(await tests.deliver({ id, vtt: raw }), 'accepted');
  const stored = 'WEBVTT\n\n00:00:00.000 --> 00:00:00.001\n&lt;script&gt;hello\n';
  assert.is(await readFile(tests.inLibrary('a.vtt'), 'utf8'), stored);
  assert.is(await tests.deliver({ id, vtt: stored }), 'accepted');
  assert.is(await tests.deliver({ id, vtt: other }), 'already_finished');
  assert.is(await readFile(tests.inLibrary('a.vtt'), 'utf8'), stored);
});

run('keeps the late transcript of a lost lease while its task is open, and refuses the rival afterwards', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const late = await tests.claim();
  await tests.store.release(
    { leaseId: late.leaseId, credential: undefined },
    { outcome: 'released', reason: undefined },
    0,
  );
  const rival = await tests.claim();
  assert.is(await tests.deliver({ id: late.leaseId, vtt: hello }), 'accepted');
  assert.is(await tests.deliver({ id: rival.leaseId, vtt: other }), 'already_finished');
  assert.is(await readFile(tests.inLibrary('a.vtt'), 'utf8'), hello);
  const { text } = await tests.metrics.render();
  assert.match(text, 'stt_deliveries_refused_total{code="already_finished"} 1');
  assert.match(text, 'stt_transcripts_stored_total{state="done"} 1');
});

run('notes what a worker doubts of its transcript, and takes it all the same', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const { leaseId: id } = await tests.claim();
  assert.is(await tests.deliver({ id, vtt: hello, suspect: ['repeats', 'of another day'] }), 'accepted');
  const delivered = tests.logs.find((line) => line['msg'] === 'delivered');
  assert.equal(delivered?.['suspect'], ['repeats', 'of another day']);
  assert.match((await tests.metrics.render()).text, /^stt_transcripts_suspect_total 1$/mu);
});

run('takes the transcript of a task that was cancelled meanwhile', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const { leaseId: id } = await tests.claim();
  assert.is(await tests.store.cancel({}, 0), 1);
  assert.is(await tests.deliver({ id, vtt: hello }), 'accepted');
  assert.is((await tests.store.figures()).tasks.done, 1);
});

run('knows no lease of another credential, and says so in the log', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const { leaseId: id } = await tests.claim('anna');
  assert.is(await tests.deliver({ id, vtt: hello }, 'bob'), 'unknown_task');
  assert.is(await tests.deliver({ id, vtt: 'no transcript' }, 'bob'), 'unknown_task');
  assert.ok(tests.logs.some((line) => line['credential'] === 'bob' && line['owner'] === 'anna'));
  assert.equal(await readdir(tests.inLibrary('')), ['.not-empty', 'a.mp3']);
  assert.is(await tests.deliver({ id, vtt: hello }, 'anna'), 'accepted');
});

run('takes a recording that was merely touched for the same, where its bytes are known', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3', 'b.mp3']);
  const sha256 = createHash('sha256').update('audio of a.mp3').digest('hex');
  for (const name of ['a.mp3', 'b.mp3']) {
    const { leaseId: id, path, fingerprint } = await tests.claim();
    // The other one's was never computed: nobody can tell.
    if (name === 'a.mp3') await tests.store.apply([{ kind: 'digest', path, fingerprint, sha256 }], 0);
    await utimes(tests.inLibrary(name), 1, 1);
    assert.is(await tests.deliver({ id, vtt: hello }), name === 'a.mp3' ? 'accepted' : 'recording_changed');
  }
  assert.is((await tests.store.figures()).tasks.pending, 1);
});

run('refuses the transcript of a recording of the same length with other bytes, and queues that one', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const { leaseId: id, path, fingerprint } = await tests.claim();
  const sha256 = createHash('sha256').update('audio of a.mp3').digest('hex');
  await tests.store.apply([{ kind: 'digest', path, fingerprint, sha256 }], 0);
  await writeFile(tests.inLibrary('a.mp3'), 'audio OF a.mp3');
  await utimes(tests.inLibrary('a.mp3'), 1, 1);
  assert.is(await tests.deliver({ id, vtt: hello }), 'recording_changed');
  const next = await tests.claim();
  assert.is.not(next.fingerprint, fingerprint);
  assert.is(await tests.deliver({ id, vtt: hello }), 'recording_changed');
  assert.is(await tests.deliver({ id: next.leaseId, vtt: hello }), 'accepted');
});

run('writes every format that is asked for, and leaves what is somebody else’s', async () => {
  await using tests = await startTestDeliveries({ formats: ['vtt', 'srt', 'txt', 'json'] });
  await tests.add(['folder/a.mp3']);
  await writeFile(tests.inLibrary('folder/a.srt'), 'my own');
  const { leaseId: id } = await tests.claim();
  assert.is(await tests.deliver({ id, vtt: hello, duration: 2.5 }), 'accepted');
  assert.is(await readFile(tests.inLibrary('folder/a.vtt'), 'utf8'), hello);
  assert.is(await readFile(tests.inLibrary('folder/a.srt'), 'utf8'), 'my own');
  assert.is(await readFile(tests.inLibrary('folder/a.txt'), 'utf8'), 'hello\n');
  assert.equal(JSON.parse(await readFile(tests.inLibrary('folder/a.transcript.json'), 'utf8')), {
    language: 'en',
    duration: 2.5,
    segments: [{ start: 0, end: 1, text: 'hello' }],
    text: 'hello',
  });
  assert.ok(tests.logs.some((line) => String(line['skipped']) === 'folder/a.srt'));
});

run('writes the formats that a stop between the files left out', async () => {
  await using tests = await startTestDeliveries({ formats: ['vtt', 'srt'] });
  await tests.add(['open.mp3', 'found.mp3']);
  for (const name of ['open', 'found']) {
    const { leaseId: id, path } = await tests.claim();
    await writeFile(tests.inLibrary(`${name}.vtt`), hello);
    if (name === 'found') {
      await tests.store.release({ leaseId: id, credential: undefined }, { outcome: 'released', reason: undefined }, 0);
      await tests.store.apply([{ kind: 'find', path }], 0);
    }
    assert.is(await tests.deliver({ id, vtt: hello }), 'accepted', name);
    assert.match(await readFile(tests.inLibrary(`${name}.srt`), 'utf8'), 'hello');
  }
});

run('names a transcript by the language that was stated, else by the one that was heard', async () => {
  await using tests = await startTestDeliveries({ pattern: '{stem}.{lang}.vtt', formats: ['vtt', 'txt'] });
  await tests.add(['stated.mp3'], 'de');
  await tests.add(['heard.mp3', 'unknown.mp3', 'wrong.mp3'], 'auto');
  for (const language of ['en', 'fr', undefined, '../../etc']) {
    const { leaseId: id } = await tests.claim();
    assert.is(await tests.deliver({ id, vtt: hello, language }), 'accepted');
  }
  const written = (await readdir(tests.inLibrary(''))).filter((name) => name.endsWith('.vtt') || name.endsWith('.txt'));
  assert.equal(written.toSorted(), [
    'heard.fr.txt',
    'heard.fr.vtt',
    'stated.de.txt',
    'stated.de.vtt',
    'unknown.und.txt',
    'unknown.und.vtt',
    'wrong.und.txt',
    'wrong.und.vtt',
  ]);
});

run('stores silence as such, in every format', async () => {
  await using tests = await startTestDeliveries({ formats: ['vtt', 'srt', 'txt', 'json'] });
  await tests.add(['a.mp3']);
  const { leaseId: id } = await tests.claim();
  assert.is(await tests.deliver({ id, vtt: 'WEBVTT' }), 'accepted');
  assert.is(await readFile(tests.inLibrary('a.vtt'), 'utf8'), 'WEBVTT\n\n');
  assert.is(await readFile(tests.inLibrary('a.srt'), 'utf8'), '');
  assert.is((await tests.store.figures()).tasks.no_speech, 1);
});

run('writes nothing through a folder that became a link', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['folder/a.mp3']);
  const { leaseId: id } = await tests.claim();
  await rm(tests.inLibrary('folder'), { recursive: true });
  await mkdir(tests.folder.join('outside'));
  await writeFile(tests.folder.join('outside/a.mp3'), 'audio of a.mp3');
  await symlink(tests.folder.join('outside'), tests.inLibrary('folder'));
  assert.is.not(await tests.deliver({ id, vtt: hello }), 'accepted');
  assert.equal(await readdir(tests.folder.join('outside')), ['a.mp3']);
});

run('takes many at once, each of them durable and noted in processed.csv before its answer', async () => {
  await using tests = await startTestDeliveries();
  const names = Array.from({ length: 60 }, (_, index) => `${index}.mp3`);
  await tests.add(names);
  const leases = await Promise.all(names.map(() => tests.claim()));
  const answers = await Promise.all(
    leases.map(async ({ leaseId, path }) => {
      const answer = await tests.deliver({ id: leaseId, vtt: hello.replace('hello', path) });
      assert.match(await readFile(tests.inLibrary(path.replace('mp3', 'vtt')), 'utf8'), path);
      assert.match(await readFile(tests.folder.join('processed.csv'), 'utf8'), leaseId);
      return answer;
    }),
  );
  assert.ok(answers.every((answer) => answer === 'accepted'));
  assert.is((await tests.store.figures()).tasks.done, 60);
});

run('refuses the transcript of a recording that was deleted, without one left over', async () => {
  await using tests = await startTestDeliveries();
  await tests.add(['a.mp3']);
  const { leaseId: id } = await tests.claim();
  await unlink(tests.inLibrary('a.mp3'));
  assert.is(await tests.deliver({ id, vtt: hello }), 'recording_changed');
  assert.equal(await readdir(tests.inLibrary('')), ['.not-empty']);
});

run.run();
