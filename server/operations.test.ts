/** What an operator sees of a running server: the page of its calls, its metrics, and that none of it shows a secret. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hello, startTestServer, type TestServer } from './testing/test-server.ts';

const operations = suite('operations');

type Page = { paths: Record<string, Record<string, { operationId: string; security: object[] }>> };

const page = async (server: TestServer): Promise<Page> => (await (await server.get('/openapi.json')).json()) as Page;

const valueOf = async (server: TestServer, name: string): Promise<number> => {
  const text = await (await server.get('/metrics')).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
};

operations('every call on the page is answered by the running server, and no other method is', async () => {
  await using server = await startTestServer();
  const { paths } = await page(server);
  for (const [path, methods] of Object.entries(paths)) {
    const place = server.url() + path.replaceAll(/\{\w+\}/gu, '4711');
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(place, { method });
      const body = await response.text();
      const isDescribed = method.toLowerCase() in methods;
      assert.is(response.status === 405, !isDescribed, `${method} ${path}: ${response.status}`);
      if (isDescribed) assert.not.match(body, 'There is nothing at this path', `${method} ${path}`);
      else assert.is(response.headers.get('allow')?.includes(method), false, `${method} ${path}`);
    }
  }
  assert.is((await server.get('/api')).status, 404);
});

operations('only health and this page may be had without a token', async () => {
  await using server = await startTestServer({ env: { STT_AUTH: 'true' } });
  const { paths } = await page(server);
  const open: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      const place = server.url() + path.replaceAll(/\{\w+\}/gu, '4711');
      const { status } = await fetch(place, { method: method.toUpperCase() });
      assert.is(status === 401, security.length > 0, `${method} ${path}: ${status}`);
      if (status !== 401) open.push(`${method} ${path}`);
    }
  }
  assert.equal(open.toSorted(), [
    'get /livez',
    'get /openapi.json',
    'get /readyz',
    'head /livez',
    'head /openapi.json',
    'head /readyz',
  ]);
});

operations('metrics follow the work', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3', 'secret-name.mp3'] });
  assert.is(await valueOf(server, 'stt_tasks{state="pending"}'), 3);
  assert.is(await valueOf(server, 'stt_ready'), 1);
  const id = await server.claimId();
  assert.is(await valueOf(server, 'stt_live_leases'), 1);
  await server.post('/result', { id, vtt: hello, seconds: 2, duration: 20 });
  assert.is((await server.post('/result', { id, vtt: hello.replace('hello', 'other') })).status, 409);
  const failed = await server.claimId();
  await server.post('/error', { id: failed, error: 'broken' });
  assert.is(await valueOf(server, 'stt_leases_granted_total'), 2);
  assert.is(await valueOf(server, 'stt_leases_ended_total{outcome="delivered"}'), 1);
  assert.is(await valueOf(server, 'stt_leases_ended_total{outcome="failed"}'), 1);
  assert.is(await valueOf(server, 'stt_transcripts_stored_total{state="done"}'), 1);
  assert.is(await valueOf(server, 'stt_deliveries_refused_total{code="already_finished"}'), 1);
  assert.is(await valueOf(server, 'stt_audio_transcribed_seconds_total'), 20);
  assert.is(await valueOf(server, 'stt_real_time_factor_sum'), 0.1);
  assert.is(await valueOf(server, 'stt_recording_sent_bytes_total'), 'audio of a.mp3'.length * 2);
  assert.is(await valueOf(server, 'stt_tasks{state="done"}'), 1);
  assert.ok((await valueOf(server, 'stt_scan_duration_seconds_count')) >= 1);
  const text = await (await server.get('/metrics')).text();
  assert.not.match(text, /secret-name|a\.mp3|tester/u);
  assert.match(text, /stt_http_request_duration_seconds_count\{route="\/result",method="POST",status="409"\} 1/u);

  await server.claimId();
  await server.passTime(120_000);
  assert.is(await valueOf(server, 'stt_leases_ended_total{outcome="expired"}'), 1);
});

operations('no line of the log shows a token, wherever it was put', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_AUTH: 'true' } });
  const token = `stt_w_${'hunter2'.repeat(6)}x`;
  const basic = Buffer.from(`me:${token}`).toString('base64');
  for (const Authorization of [`Bearer ${token}`, `Basic ${basic}`, token, `Digest ${token}`]) {
    assert.is((await server.get('/task', { Authorization })).status, 401);
  }
  await server.get(`/task?token=${token}`, { 'X-STT-Worker': token });
  await server.get(`/${token}`);
  const log = server.logs.map((line) => JSON.stringify(line)).join('\n');
  assert.match(log, 'access refused');
  assert.not.match(log, 'hunter2');
  assert.not.match(log, basic);
});

operations.run();
