import { mkdir, readdir, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { eventually } from '../../test/support/eventually.ts';
import { hello, offered, startTestServer, warned } from '../testing/test-server.ts';

const run = suite('the scan of the library');

run('offers recordings of all kinds, at any depth, and none with a transcript', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'deep/down/b.WAV', 'c d/ü.opus', 'done.mp3'] });
  await writeFile(server.inLibrary('done.vtt'), hello);
  await writeFile(server.inLibrary('notes.txt'), 'no recording');
  await server.restart();
  assert.equal(await offered(server), ['audio of a.mp3', 'audio of c d/ü.opus', 'audio of deep/down/b.WAV']);
});

run('offers a recording without a language only where a default is set', async () => {
  for (const [env, expected] of [
    [{}, null],
    [{ STT_DEFAULT_LANGUAGE: 'auto' }, 'auto'],
  ] as const) {
    await using server = await startTestServer({ env });
    await writeFile(server.inLibrary('a.mp3'), 'audio');
    await server.restart();
    assert.is((await server.claim()).headers.get('x-language'), expected);
    const hints = warned(server, 'a.mp3').filter((reason) => reason.includes('STT_DEFAULT_LANGUAGE'));
    assert.is(hints.length, expected === null ? 1 : 0);
  }
});

run('says of each recording without a language what is missing', async () => {
  await using server = await startTestServer();
  await writeFile(server.inLibrary('a.mp3'), 'audio');
  await writeFile(server.inLibrary('b.mp3'), 'audio');
  await writeFile(server.inLibrary('b.json'), '{"sql_params":{}}');
  await server.restart();
  assert.match(warned(server, 'a.mp3')[0] ?? '', 'it has no sidecar; write');
  assert.match(warned(server, 'b.mp3')[0] ?? '', 'its sidecar states no language; add');
});

run('says once what is wrong with a sidecar, and offers the recording when it is mended', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_DEFAULT_LANGUAGE: 'en' } });
  await writeFile(server.inLibrary('a.json'), '{"sql_params":{"language":"klingon"}}');
  await server.restart();
  assert.is((await server.claim()).status, 204);
  await server.addRecording('b.mp3');
  await server.scanUntil(() => server.logs.filter((line) => line['add'] === 1).length === 2, 'another scan');
  assert.is(warned(server, 'a.mp3').length, 1);
  assert.match(warned(server, 'a.mp3')[0] ?? '', /its sidecar .* is wrong: "klingon" is not a language/u);

  await writeFile(server.inLibrary('a.json'), 'not JSON');
  await server.scanUntil(() => warned(server, 'a.mp3').length === 2, 'the new reason');
  assert.match(warned(server, 'a.mp3')[1] ?? '', /not JSON; mend it or take it away/u);
  await writeFile(server.inLibrary('a.json'), '{"sql_params":{"language":"de"}}');
  await server.scanUntil(() => server.logs.some((line) => line['offer'] === 1), 'the mended one');
  assert.equal(await offered(server), ['audio of a.mp3', 'audio of b.mp3']);
});

run('follows a language that was corrected', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  await writeFile(server.inLibrary('a.json'), '{"sql_params":{"language":"fr"}}');
  await server.scanUntil(() => server.logs.some((line) => line['language'] === 1), 'the change');
  assert.is((await server.claim()).headers.get('x-language'), 'fr');
});

run('passes over links, pipes, directories and empty files, with the reason', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_DEFAULT_LANGUAGE: 'en' } });
  await writeFile(server.folder.join('secret.mp3'), 'secret');
  await mkdir(server.folder.join('outside'));
  await writeFile(server.folder.join('outside', 'x.mp3'), 'outside');
  await symlink(server.folder.join('secret.mp3'), server.inLibrary('link.mp3'));
  await symlink(server.folder.join('outside'), server.inLibrary('elsewhere'));
  await symlink('loop.mp3', server.inLibrary('loop.mp3'));
  await runChild({ file: 'mkfifo', args: [server.inLibrary('pipe.mp3')] });
  await mkdir(server.inLibrary('folder.mp3'));
  await writeFile(server.inLibrary('folder.mp3/inside.mp3'), 'inside');
  await writeFile(server.inLibrary('empty.mp3'), '');
  await server.restart();
  assert.equal(await offered(server), ['audio of a.mp3']);
  for (const name of ['link.mp3', 'elsewhere', 'loop.mp3', 'pipe.mp3', 'folder.mp3', 'empty.mp3']) {
    assert.is(warned(server, name).length, 1, name);
  }
  assert.match(warned(server, 'empty.mp3')[0] ?? '', 'empty (0 bytes)');
});

run('offers one of two recordings that would share a transcript', async () => {
  await using server = await startTestServer({ recordings: ['a.wav', 'a.mp3', 'b.mp3'] });
  await writeFile(server.inLibrary('b.flac'), '');
  await server.restart();
  assert.equal(await offered(server), ['audio of a.mp3', 'audio of b.mp3']);
  assert.match(warned(server, 'a.wav')[0] ?? '', 'that of a.mp3');
});

run('does not fill the log when thousands are passed over', async () => {
  await using server = await startTestServer();
  for (let index = 0; index < 100; index += 1) await writeFile(server.inLibrary(`${index}.mp3`), '');
  await server.restart();
  assert.is(server.logs.filter((line) => line.msg === 'not offered').length, 20);
  assert.is(server.logs.find((line) => line.msg === 'not offered: and more')?.['more'], 80);
});

run('forgets tasks whose recording vanished, and finds transcripts of others', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3', 'c.mp3', 'sub/d.mp3', 'sub/e.mp3'] });
  await unlink(server.inLibrary('a.mp3'));
  await unlink(server.inLibrary('sub/d.mp3'));
  await writeFile(server.inLibrary('b.vtt'), hello);
  await server.scanUntil(() => server.logs.some((line) => line['find'] === 1 && line['remove'] === 2), 'the scan');
  assert.equal(await offered(server), ['audio of c.mp3', 'audio of sub/e.mp3']);
});

run('hands out nothing and forgets nothing while the library is gone, and recovers by itself', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'sub/b.mp3'] });
  const id = await server.claimId();
  await rename(server.inLibrary(''), server.folder.join('away'));
  await server.scanUntil(() => server.logs.some((line) => String(line['reason']).includes('ENOENT')), 'the scan');
  const refused = await server.claim();
  assert.is(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.match(await refused.text(), /"code":"not_ready".*the library is missing/u);
  const unready = await server.get('/readyz');
  assert.equal([unready.status, unready.headers.get('x-stt-protocol')], [503, '2']);
  assert.is((await server.get('/livez')).status, 200);

  // A mount point without its disk: there, but empty.
  await mkdir(server.inLibrary(''));
  await server.scanUntil(() => server.logs.some((line) => String(line['reason']).includes('mounted')), 'the scan');
  assert.is((await server.claim()).status, 503);

  await rm(server.inLibrary(''), { recursive: true });
  await rename(server.folder.join('away'), server.inLibrary(''));
  await server.scanUntil(() => server.logs.some((line) => line.msg === 'the library is back'), 'the scan');
  assert.is((await server.get('/readyz')).status, 200);
  assert.equal(await offered(server), ['audio of sub/b.mp3']);
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
});

run('is content with an empty library that never held a task', async () => {
  await using server = await startTestServer();
  assert.is((await server.claim()).status, 204);
  assert.is((await server.get('/readyz')).status, 200);
});

run('reads a folder all the same when what a stopped server left cannot be removed', async () => {
  await using server = await startTestServer({ recordings: ['sub/a.mp3'] });
  const stale = server.inLibrary('sub/.0a.stt-tmp');
  await writeFile(stale, 'half a transcript');
  await utimes(stale, 1, 1);
  // Root may remove from every folder, unless it is immutable; not every file system knows that.
  const isRoot = process.getuid?.() === 0;
  const protect = (what: string): Promise<ChildEnd> =>
    runChild({ file: isRoot ? 'chattr' : 'chmod', args: [what, server.inLibrary('sub')] });
  if ((await protect(isRoot ? '+i' : 'a-w')).exitCode !== 0) return;
  try {
    await server.restart();
    assert.equal(warned(server, 'sub'), []);
    assert.equal(await offered(server), ['audio of sub/a.mp3']);
  } finally {
    await protect(isRoot ? '-i' : 'u+w');
  }
});

run('removes what a stopped server left, once it is old', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  await writeFile(server.inLibrary('.0a.stt-tmp'), 'half a transcript');
  await writeFile(server.inLibrary('.0b.stt-tmp'), 'half a transcript');
  const now = server.clock.now() / 1000;
  await utimes(server.inLibrary('.0a.stt-tmp'), now, now - 4000);
  await utimes(server.inLibrary('.0b.stt-tmp'), now, now - 60);
  await server.scanUntil(async () => !(await readdir(server.inLibrary(''))).includes('.0a.stt-tmp'), 'the sweep');
  assert.ok((await readdir(server.inLibrary(''))).includes('.0b.stt-tmp'));
});

run('answers requests while it scans', async () => {
  await using server = await startTestServer();
  for (let folder = 0; folder < 50; folder += 1) {
    await mkdir(server.inLibrary(String(folder)));
    for (let file = 0; file < 40; file += 1) await writeFile(server.inLibrary(`${folder}/${file}.mp3`), 'x');
  }
  await server.clock.advance(60_000);
  let slowestMs = 0;
  await eventually(async () => {
    const began = performance.now();
    await (await server.get('/livez')).text();
    slowestMs = Math.max(slowestMs, performance.now() - began);
    return server.logs.some((line) => line['more'] === 1980);
  }, 'the scan is done');
  assert.ok(slowestMs < 250, `the slowest answer took ${slowestMs} ms`);
});

run.run();
