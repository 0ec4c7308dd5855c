/**
 * Recordings that a server lies about, or that never end: fetched again where that may help, failed after the limit, and bounded in
 * memory and on disk. Real workers, but for the one whose minutes are hurried.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFakeServer } from '../../src/worker/testing/fake-server.ts';
import { hurriedClock } from '../../src/worker/testing/hurried-clock.ts';
import { startWorker } from '../../src/worker/testing/start-worker.ts';
import { eventually } from '../support/eventually.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { assertHarmless, giveTask, isClaim, mebibyte, openSite } from './hostile-site.ts';
import { recordingNumber } from './worker-scene.ts';

const audio = suite('hostile audio');

const probe = await temporaryFolder();
const mayMount = await canMount(probe.path);
await probe[Symbol.asyncDispose]();
const test = (title: string, body: () => Promise<void>): void =>
  mayMount ? audio(title, body) : audio.skip(title, body);
if (!mayMount) console.log('skipped: mounting a small tmpfs is not permitted here (it takes root on Linux)');
audio('lengths and digests that lie: fetched again, and failed after the limit', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const bytes = recordingNumber(1);
  const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
  const wrong = `sha-256=:${createHash('sha256').update('another').digest('base64')}:`;
  const shorter = { 'content-length': '20000', 'repr-digest': digest };
  const longer = { 'content-length': String(bytes.length + 1000), 'repr-digest': digest };
  const ids: string[] = [];
  const lies = [shorter, longer, { 'repr-digest': wrong }];
  server.misbehave((call, response) => {
    if (!isClaim(call)) return false;
    const headers = lies.shift();
    if (headers === undefined) return false;
    response.strictContentLength = false;
    ids.push(giveTask(server, response, bytes, headers));
    if (headers === longer) response.socket?.end();
    return true;
  });
  await using worker = await startWorker({
    serverUrl: server.url,
    mode: 'until_empty',
    clock: hurriedClock(),
    env: { STT_PREFETCH: '3' },
  });
  const summary = await worker.ended;
  assert.equal([summary.failed, summary.transcribed, summary.handedBack], [3, 0, 0]);
  const said = ids.map((id) => String(server.callsOf('error').find(({ body }) => body['id'] === id)?.body['error']));
  assert.match(said[0] ?? '', /did not arrive whole: (?:more came than the 20000 bytes announced|it came damaged)/u);
  assert.match(said[1] ?? '', /did not arrive whole: /u);
  assert.match(said[2] ?? '', /did not arrive whole: it came damaged/u);
  for (const id of ids) {
    const again = server.calls.filter(({ path: called }) => called.startsWith(`/task/${id}/audio`)).length;
    assert.ok(again >= 3 && again <= 8, `fetched again ${again} times`);
  }
  assert.equal(readdirSync(worker.paths.work), []);
});

audio('a recording that comes damaged once is fetched again, and transcribed', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  let isFirst = true;
  server.misbehave((call, response) => {
    if (!isClaim(call) || !isFirst) return false;
    isFirst = false;
    const bytes = recordingNumber(1);
    const id = giveTask(server, response, Buffer.from(bytes).fill(0, 9000, 9500), {
      'repr-digest': `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`,
    });
    server.leases.set(id, { bytes, language: 'en' });
    return true;
  });
  await using site = await openSite(server, folder, ['--until-empty']);
  assert.is((await site.worker.ended).exitCode, 0, site.worker.complaints());
  assert.is(site.worker.all('transcribed').length, 1);
  assertHarmless(site);
});

audio('a length that no recording has is refused before a byte is written', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  let isFirst = true;
  server.misbehave((call, response) => {
    if (!isClaim(call) || !isFirst) return false;
    isFirst = false;
    server.leases.set('huge', { bytes: Buffer.from('x'), language: 'en' });
    const length = String(17 * 1024 ** 3);
    response.writeHead(200, { 'x-task-id': 'huge', 'x-lease-seconds': '90', 'content-length': length });
    pour(response);
    return true;
  });
  await using site = await openSite(server, folder, ['--until-empty']);
  assert.is((await site.worker.ended).exitCode, 65, site.worker.complaints());
  assert.match(String(server.callsOf('error')[0]?.body['error']), /larger than \d+ bytes/u);
  assertHarmless(site);
});

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(256 * 1024, 0xff);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
}

test('audio without end: a full disk at the most, and room again', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'work'), 96 * mebibyte);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const open: ServerResponse[] = [];
  server.misbehave((call, response) => {
    if (!isClaim(call) || open.length > 0) return false;
    open.push(response);
    server.leases.set('endless', { bytes: Buffer.from('x'), language: 'en' });
    response.writeHead(200, { 'x-task-id': 'endless', 'x-lease-seconds': '90' });
    pour(response);
    return true;
  });
  await using site = await openSite(server, folder);
  const back = await site.worker.saw('handed_back', undefined, 30_000);
  assert.equal([back.accepted, back.fault], [true, 'machine'], back.reason);
  assert.match(back.reason, /ENOSPC|no space left/u);
  await eventually(() => open[0]?.destroyed, 'the connection is closed');
  const files = (): string[] => readdirSync(disk.path, { recursive: true }).map(String);
  await eventually(() => !files().some((name) => name.endsWith('recording')), 'there is room again');
  assertHarmless(site);
});

audio.run();
