/** The calls below /api, over real HTTP and a real store; what they answer is what the OpenAPI page says. */
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Access } from '../access/access.ts';
import { makeToken, tokenSha256 } from '../access/token.ts';
import { Metrics } from '../metrics/metrics.ts';
import { openStore } from '../queue/open-store.ts';
import { allRoutes } from './all-routes.ts';
import { startHttpServer } from './http-server.ts';
import { openApiDocument } from './openapi.ts';

const api = suite('/api');

const logger = pino({ level: 'silent' });
const worker = { name: 'tester', ip: '127.0.0.1', protocol: 2, credential: undefined } as const;
const dayMs = 86_400_000;
let grants = 0;

async function start() {
  const folder = await temporaryFolder();
  const clock = fakeClock();
  const { store, close } = await openStore({
    file: folder.join('tasks.sqlite'),
    policy: { maxAttempts: 1, order: 'oldest' },
    onFailure: assert.unreachable,
  });
  const rings: number[] = [];
  const happened: string[] = [];
  const metrics = new Metrics(clock);
  const readiness = { objection: async () => undefined };
  metrics.follow({ desk: store, readiness, libraryRoot: folder.path, databaseFolder: folder.path });
  const options = {
    desk: store,
    readiness,
    bell: { ring: (tasks: number) => rings.push(tasks) },
    onPurged: () => happened.push('purged'),
    clock,
    logger,
    metrics,
  };
  const routes = allRoutes(options as never);
  const access = new Access({ credentials: store, isRequired: undefined, metrics, clock, logger });
  const http = await startHttpServer({ host: '127.0.0.1', port: 0, routes, access, metrics, logger });

  const add = async (...paths: string[]): Promise<void> => {
    const changes = paths.map(
      (path) => ({ kind: 'add', path, fingerprint: path, sizeBytes: 7, language: 'en' }) as const,
    );
    await store.apply(changes, clock.now());
  };
  const claim = async () => {
    grants += 1;
    const leaseId = grants.toString(16).padStart(32, '0');
    const lease = await store.claim({ leaseId, worker, termMs: 90_000 }, clock.now());
    if (lease === undefined) throw new Error('no task');
    return lease;
  };
  return {
    store,
    clock,
    rings,
    happened,
    add,
    claim,
    routes,
    url: http.url,
    get: (place: string, headers: Record<string, string> = {}) => fetch(http.url + place, { headers }),
    post: (place: string, body?: object) =>
      fetch(http.url + place, {
        method: 'POST',
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      }),
    async [Symbol.asyncDispose]() {
      await http.close(AbortSignal.abort());
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0] & object;
type Page = { tasks: { id: number; path: string; state: string }[]; next: number | null };
const json = async <T>(response: Promise<Response> | Response): Promise<T> => (await (await response).json()) as T;

api('lists tasks page by page, and by state and part of the path', async () => {
  await using server = await start();
  await server.add('a/1.mp3', 'a/2.mp3', 'b/3.mp3');
  await server.claim();
  const first = await json<Page>(server.get('/api/tasks?limit=2'));
  assert.equal(
    first.tasks.map(({ path }) => path),
    ['a/1.mp3', 'a/2.mp3'],
  );
  assert.is(first.next, first.tasks[1]?.id);
  const second = await json<Page>(server.get(`/api/tasks?limit=2&after=${first.next}`));
  assert.equal(
    second.tasks.map(({ path }) => path),
    ['b/3.mp3'],
  );
  assert.is(second.next, null);
  const some = await json<Page>(server.get('/api/tasks?state=pending,dead&path=A%2F'));
  assert.equal(
    some.tasks.map(({ path }) => path),
    ['a/2.mp3'],
  );
});

api('refuses what it does not know, rather than leaving a condition out', async () => {
  await using server = await start();
  for (const query of ['stat=dead', 'state=dad', 'limit=0', 'limit=many', 'after=-1']) {
    assert.is((await server.get(`/api/tasks?${query}`)).status, 400, query);
  }
  for (const body of [{}, { dry_run: true }, { id: [1] }, { states: [] }, { older_than_day: 1 }, { ids: ['1'] }]) {
    const response = await server.post('/api/tasks/purge', body);
    assert.is(response.status, 400, JSON.stringify(body));
    assert.is((await json<{ code: string }>(response)).code, 'bad_request');
  }
  for (const id of ['0', 'x', '1e3', '999999999999999999', '%31']) {
    assert.is((await server.get(`/api/tasks/${id}`)).status, 404, id);
  }
});

api('shows the history of a task, and never the id of a lease', async () => {
  await using server = await start();
  await server.add('a.mp3');
  const lease = await server.claim();
  const response = await server.get(`/api/tasks/${lease.taskId}`);
  const text = await response.text();
  const task = JSON.parse(text) as { state: string; leases: { worker: string; outcome: string | null }[] };
  assert.is(task.state, 'leased');
  assert.equal(
    task.leases.map(({ worker, outcome }) => [worker, outcome]),
    [['tester', null]],
  );
  assert.not.match(text, lease.leaseId);
  assert.not.match(await (await server.get('/api/tasks')).text(), lease.leaseId);
});

api('retries one dead task, again and again, and rings for it once', async () => {
  await using server = await start();
  await server.add('a.mp3');
  const { leaseId, taskId } = await server.claim();
  await server.store.fail({ leaseId, credential: undefined }, 'broken audio', server.clock.now());
  const before = await json<{ state: string; reason: string }>(server.get(`/api/tasks/${taskId}`));
  assert.equal([before.state, before.reason], ['dead', 'broken audio']);
  for (let round = 0; round < 2; round += 1) {
    const task = await json<{ state: string; attempts: number }>(server.post(`/api/tasks/${taskId}/retry`));
    assert.equal([task.state, task.attempts], ['pending', 0]);
  }
  assert.equal(server.rings, [1]);
  assert.is((await server.post('/api/tasks/4711/retry')).status, 404);
});

api('cancels a task that a worker has, and refuses to touch a finished one', async () => {
  await using server = await start();
  await server.add('a.mp3', 'b.mp3');
  const leased = await server.claim();
  const task = await json<{ state: string }>(server.post(`/api/tasks/${leased.taskId}/cancel`));
  assert.is(task.state, 'dead');
  assert.is(await server.store.renew(leased, server.clock.now()), false, 'its worker hears it');

  const done = await server.claim();
  await server.store.complete(done, { state: 'done', sha256: 'f'.repeat(64) }, server.clock.now());
  for (const verb of ['retry', 'cancel']) {
    const response = await server.post(`/api/tasks/${done.taskId}/${verb}`);
    assert.is(response.status, 409);
    assert.is((await json<{ code: string }>(response)).code, 'already_finished');
  }
});

api('changes many: a dry run counts the same and changes nothing, whatever their number', async () => {
  await using server = await start();
  await server.add(...Array.from({ length: 1203 }, (_, index) => `music/${index}.mp3`), 'talk.mp3');
  const all = { path_contains: 'music/' };
  const states = async () => (await json<{ tasks: Record<string, number> }>(server.get('/api/status'))).tasks;
  assert.equal(await json(server.post('/api/tasks/cancel', { ...all, dry_run: true })), { count: 1203, dry_run: true });
  assert.is((await states())['pending'], 1204);
  assert.equal(await json(server.post('/api/tasks/cancel', all)), { count: 1203, dry_run: false });
  assert.equal([(await states())['pending'], (await states())['dead']], [1, 1203]);

  assert.equal(await json(server.post('/api/tasks/retry', { states: ['pending'] })), { count: 0, dry_run: false });
  const old = { states: ['dead'], older_than_days: 1 };
  assert.equal(await json(server.post('/api/tasks/purge', old)), { count: 0, dry_run: false }, 'they changed just now');
  assert.equal(server.happened, []);
  server.clock.jump(2 * dayMs);
  assert.equal(await json(server.post('/api/tasks/purge', old)), { count: 1203, dry_run: false });
  assert.equal(server.happened, ['purged'], 'and the scan hears it');
  assert.equal([(await states())['pending'], (await states())['dead']], [1, 0]);
});

api('is for admins once there are tokens; metrics are for their role too', async () => {
  await using server = await start();
  assert.is((await server.get('/api/status')).status, 200, 'open where the rest is');
  server.clock.jump(60_000);
  const tokens: Record<string, string> = {};
  for (const role of ['worker', 'admin', 'metrics'] as const) {
    const token = makeToken(role, (size) => Buffer.alloc(size, role));
    tokens[role] = token;
    await server.store.addCredential({ name: role, role, tokenSha256: tokenSha256(token) }, server.clock.now());
  }
  const status = async (place: string, role?: string): Promise<number> =>
    (await server.get(place, role === undefined ? {} : { Authorization: `Bearer ${tokens[role]}` })).status;
  assert.is(await status('/api/status'), 401);
  assert.is(await status('/api/status', 'worker'), 403);
  assert.is(await status('/api/status', 'metrics'), 403);
  assert.is(await status('/api/status', 'admin'), 200);
  assert.is(await status('/metrics', 'worker'), 403);
  assert.is(await status('/metrics', 'metrics'), 200);
  assert.is(await status('/metrics', 'admin'), 200);
  assert.is(await status('/openapi.json'), 200);
});

api('answers as the OpenAPI page says', async () => {
  await using server = await start();
  await server.add('a.mp3', 'b.mp3');
  const { taskId } = await server.claim();
  const answered: [method: string, path: string, response: Response][] = [
    ['get', '/api/status', await server.get('/api/status')],
    ['get', '/api/tasks', await server.get('/api/tasks?limit=1')],
    ['get', '/api/tasks', await server.get('/api/tasks?limit=x')],
    ['get', '/api/tasks/{id}', await server.get(`/api/tasks/${taskId}`)],
    ['get', '/api/tasks/{id}', await server.get('/api/tasks/4711')],
    ['post', '/api/tasks/cancel', await server.post('/api/tasks/cancel', { ids: [taskId] })],
    ['post', '/api/tasks/retry', await server.post('/api/tasks/retry', {})],
    ['post', '/api/tasks/{id}/retry', await server.post(`/api/tasks/${taskId}/retry`)],
    ['get', '/livez', await server.get('/livez')],
    ['get', '/readyz', await server.get('/readyz')],
    ['get', '/metrics', await server.get('/metrics')],
    ['get', '/openapi.json', await server.get('/openapi.json')],
  ];
  const document = openApiDocument(server.routes);
  const { Problem: problem } = (document['components'] as { schemas: { Problem: JsonSchema } }).schemas;
  for (const [method, path, response] of answered) {
    const said = `${method} ${path} ${response.status}`;
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const pointer = ['paths', path, method, 'responses', String(response.status), 'content', type];
    const described = pointer.reduce<unknown>(
      (at, key) => (at as Record<string, unknown> | undefined)?.[key],
      document,
    );
    assert.ok(described, `${said} ${type} is described`);
    const { schema } = described as { schema?: JsonSchema };
    if (schema === undefined || !type.endsWith('json')) continue;
    // Inlined, as the only reference that there is.
    const whole = '$ref' in schema ? problem : schema;
    const checked = z.fromJSONSchema(whole).safeParse(await response.json());
    assert.ok(checked.success, `${said}: ${checked.error?.message}`);
  }
});

api.run();
