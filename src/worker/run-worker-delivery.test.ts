import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownToken } from './process-owner.ts';
import { type FakeServer, startFakeServer } from './testing/fake-server.ts';
import { hurriedClock } from './testing/hurried-clock.ts';
import { lettersIn, readSample, startWorker } from './testing/start-worker.ts';

const run = suite('runWorker, delivering');

const sample = await readSample();

/** A run of this machine that has ended. */
const deadOwner = ownToken.replace(/-\d+-\d+$/u, '-999999999-1');

async function serverWith(...recordings: Buffer[]): Promise<FakeServer> {
  const server = await startFakeServer({ flavour: 'protocol 2' });
  for (const bytes of recordings) server.add(bytes);
  return server;
}

run('keeps a transcript that the server cannot take now, and delivers it when it can', async () => {
  await using server = await serverWith(sample);
  server.misbehave((call, response) => {
    if (call.path !== '/result') return false;
    response.writeHead(500).end('<html>oops</html>');
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url });
  assert.is((await worker.saw('transcribed')).delivery, 'waiting');
  assert.is((await lettersIn(worker.paths.outbox)).length, 1);
  server.misbehave(undefined);
  await worker.saw('delivered');
  assert.equal(await lettersIn(worker.paths.outbox), []);
  assert.is(server.leases.size, 0);
});

run('ends with what waits counted, when the server never takes it', async () => {
  await using server = await serverWith(sample);
  server.misbehave((call, response) => {
    if (call.path !== '/result') return false;
    response.writeHead(503, { 'retry-after': '1' }).end();
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', clock: hurriedClock() });
  assert.is((await worker.ended).waiting, 1);
  assert.is((await lettersIn(worker.paths.outbox)).length, 1);
});

run('keeps aside a transcript that is refused for good', async () => {
  await using server = await serverWith(sample);
  server.misbehave((call, response) => {
    if (call.path !== '/result') return false;
    response.writeHead(409, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code: 'lease_lost', detail: 'somebody else has it' }));
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  assert.is((await worker.ended).refused, 1);
  const { file, reason } = await worker.saw('refused');
  assert.match(reason, 'somebody else has it');
  assert.match(await readFile(file, 'utf8'), 'WEBVTT');
});

run('delivers at its start what an earlier run could not', async () => {
  await using server = await serverWith();
  const id = 'a'.repeat(32);
  server.leases.set(id, { bytes: sample, language: 'en' });
  await using worker = await startWorker({
    serverUrl: server.url,
    async prepare(paths) {
      const letter = { kind: 'result', message: { id, vtt: 'WEBVTT\n\n' } };
      await mkdir(paths.outbox, { recursive: true });
      await writeFile(path.join(paths.outbox, `000000000000001-abcd.${deadOwner}.json`), JSON.stringify(letter));
    },
  });
  assert.is((await worker.saw('delivered')).task, id);
  assert.is(server.callsOf('result')[0]?.body['vtt'], 'WEBVTT\n\n');
});

run('delivers a transcript while its outbox is gone', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  await worker.saw('claimed');
  await rm(worker.paths.outbox, { recursive: true });
  assert.is((await worker.ended).transcribed, 1);
  assert.is(server.callsOf('result').length, 1);
});

run.run();
