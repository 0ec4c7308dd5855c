import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { hello, offered, startTestServer, warned } from '../testing/test-server.ts';

const run = suite('tasks whose recording cannot be offered now');

run('keeps the history of a task while its sidecar is half-written', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3'], env: { STT_MAX_ATTEMPTS: '1' } });
  await server.post('/error', { id: await server.claimId() });
  const late = await server.claimId();
  await server.post('/error', { id: late });
  await writeFile(server.inLibrary('a.json'), '{"sql_par');
  await writeFile(server.inLibrary('b.json'), '{"sql_par');
  await server.scanUntil(() => server.logs.some((line) => line['withhold'] === 2), 'the half-written ones');
  assert.is((await server.post('/result', { id: late, vtt: hello })).status, 200);
  await server.addRecording('c.mp3');
  await writeFile(server.inLibrary('a.json'), '{"sql_params":{"language":"en"}}');
  await server.scanUntil(() => server.logs.some((line) => line['offer'] === 1), 'the mended one');
  assert.equal(await offered(server), ['audio of c.mp3']);
});

run('wakes a waiting worker when a recording can be offered again', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  await writeFile(server.inLibrary('a.json'), '{"sql_par');
  await server.scanUntil(() => server.logs.some((line) => line['withhold'] === 1), 'the half-written one');
  const waiting = server.claim('?wait=60');
  await eventually(() => server.logs.some((line) => line.msg === 'waits for a task'), 'a worker waits');
  await writeFile(server.inLibrary('a.json'), '{"sql_params":{"language":"en"}}');
  await server.scanUntil(() => server.logs.some((line) => line.msg === 'granted'), 'the worker is woken');
  assert.is(await (await waiting).text(), 'audio of a.mp3');
});

run('withholds a recording that vanished or was emptied before the scan saw it, and offers it again', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3'] });
  await rename(server.inLibrary('a.mp3'), server.folder.join('a.mp3'));
  await writeFile(server.inLibrary('b.mp3'), '');
  assert.is((await server.claim()).status, 204);
  await rename(server.folder.join('a.mp3'), server.inLibrary('a.mp3'));
  await writeFile(server.inLibrary('b.mp3'), 'whole again');
  await server.scanUntil(() => server.logs.some((line) => line['offer'] === 1 && line['replace'] === 1), 'the scan');
  assert.equal(await offered(server), ['audio of a.mp3', 'whole again']);
});

run('forgets nothing when a disk below the library goes away, and takes its transcripts when it is back', async () => {
  await using server = await startTestServer({
    recordings: ['disk/a.mp3', 'disk/b.mp3', 'disk/deep/c.mp3', 'top.mp3'],
  });
  await server.claimId();
  const id = await server.claimId();

  await rename(server.inLibrary('disk'), server.folder.join('away'));
  await server.scanUntil(() => warned(server, 'disk').length === 1, 'the missing folder is noted');
  assert.is((await server.post('/result', { id, vtt: hello })).status, 503);
  assert.is((await server.get(`/task/${id}/audio`)).status, 503);
  await mkdir(server.inLibrary('disk'));
  assert.equal(await offered(server), []);
  assert.is((await server.post('/result', { id, vtt: hello })).status, 503);

  await rm(server.inLibrary('disk'), { recursive: true });
  await rename(server.folder.join('away'), server.inLibrary('disk'));
  await server.scanUntil(() => server.logs.some((line) => line['offer'] === 2), 'the disk is back');
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
  assert.equal(await offered(server), ['audio of disk/b.mp3', 'audio of disk/deep/c.mp3']);
});

run('says nothing of a folder that is gone when its tasks are finished', async () => {
  await using server = await startTestServer({ recordings: ['sub/a.mp3'] });
  await server.post('/result', { id: await server.claimId(), vtt: hello });
  await rm(server.inLibrary('sub'), { recursive: true });
  await server.addRecording('b.mp3');
  await server.scanUntil(() => server.logs.filter((line) => line['add'] === 1).length === 2, 'another scan');
  assert.equal(warned(server, 'sub'), []);
});

run.run();
