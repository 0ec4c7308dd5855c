// deadline: 120 s
/** The recipes in packaging/proxy in front of the real server: once as they stand, with a client that looks at every byte; once with the
 * proxy asking for the password, with the real worker, and with one who knows the password and wants more. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { fileServer } from '../support/file-server.ts';
import { addRecording, shortSample, shortSampleWords, wrongWords } from '../support/library.ts';
import {
  runTestWorker,
  serverProgram,
  startTestServer,
  workerEnvironment,
  workerProgram,
} from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  ask,
  password,
  type Proxied,
  type ProxyName,
  proxyNames,
  recipe,
  startProxy,
  userName,
} from './start-proxy.ts';

const run = suite('proxies');
const hello = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n';
/** What packaging/proxy/README.md tells the server. */
async function adviceForServer(): Promise<Record<string, string>> {
  const text = await readFile(path.join(packageFolder, 'packaging', 'proxy', 'README.md'), 'utf8');
  const block = /```sh\n([\s\S]+?)```/u.exec(text)?.[1] ?? '';
  return Object.fromEntries(
    Array.from(block.matchAll(/^(\w+)=(\S+)/gmu), ([, name = '', value = '']) => [name, value]),
  );
}

/** What is said in the recipe itself is the same. */
async function isSaidInRecipe(name: ProxyName, settings: Record<string, string>): Promise<void> {
  const text = await recipe(name, false);
  for (const [setting, value] of Object.entries(settings)) assert.match(text, `${setting}=${value}`);
}

/** @returns the token of a worker. */
async function addToken(stateFolder: string): Promise<string> {
  const database = path.join(stateFolder, 'tasks.sqlite');
  const args = [serverProgram, 'worker', 'add', 'test', '--database', database];
  const added = await runChild({ file: process.execPath, args, stdoutLimitBytes: 1000 });
  assert.is(added.exitCode, 0, added.outputTail);
  return added.stdout.trim();
}

type Call = { method: string; place: string; isForWorkers: boolean };

/** All that a server answers, as it says itself. */
async function callsOf(url: string): Promise<Call[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { tags: string[] }>>;
  };
  return Object.entries(paths).flatMap(([pattern, byMethod]) =>
    Object.entries(byMethod).map(([method, { tags }]) => ({
      method: method.toUpperCase(),
      place: pattern.replaceAll(/\{\w+\}/gu, '1'),
      isForWorkers: tags.includes('worker') || ['/livez', '/readyz'].includes(pattern),
    })),
  );
}

for (const name of proxyNames) {
  run(`${name} lets a worker do all its work`, async () => {
    await using folder = await temporaryFolder();
    const [library, state] = [folder.join('library'), folder.join('state')];
    await Promise.all([mkdir(library), mkdir(state)]);
    const bytes = randomBytes(3_000_000);
    await writeFile(path.join(library, 'a.mp3'), bytes);
    const advice = await adviceForServer();
    await isSaidInRecipe(name, advice);
    await using server = await startTestServer(library, state, {
      ...advice,
      STT_DEFAULT_LANGUAGE: 'en',
      STT_SETTLE_SECONDS: '0',
      STT_SCAN_SECONDS: '1',
    });
    const added = await addToken(state);
    await using proxy = await startProxy(name, folder, server.url);
    const { port } = proxy;
    assert.is((await ask(port, '/task')).status, 401);

    const Authorization = `Bearer ${added}`;
    const worker = { Authorization, 'X-STT-Protocol': '2', 'X-Forwarded-For': '203.0.113.9' };
    const claim = await ask(port, '/task', { headers: worker });
    assert.is(claim.status, 200, claim.body.subarray(0, 300).toString());
    assert.ok(claim.body.equals(bytes));
    const id = String(claim.headers['x-task-id']);
    const part = await ask(port, `/task/${id}/audio`, { headers: { ...worker, Range: 'bytes=2999990-' } });
    assert.is(part.status, 206);
    assert.ok(part.body.equals(bytes.subarray(2_999_990)));

    const waiting = ask(port, '/task?wait=20', { headers: worker });
    // Where something else fails first, that is to be told.
    waiting.catch(() => {});
    const headers = { Authorization, 'Content-Type': 'application/json' };
    const post = (vtt: string): Promise<Proxied> =>
      ask(port, '/result', { method: 'POST', headers, body: JSON.stringify({ id, vtt }) });
    const tooLarge = await post('x'.repeat(4.5 * 1024 * 1024));
    assert.is(tooLarge.status, 413);
    assert.match(tooLarge.body.toString(), '"code":"body_too_large"');
    const delivered = await post(hello);
    assert.is(delivered.status, 200, delivered.body.toString());
    assert.is(await readFile(path.join(library, 'a.vtt'), 'utf8'), hello);

    await writeFile(path.join(library, 'b.mp3'), 'another');
    assert.is((await waiting).body.toString(), 'another', 'a long poll comes through');
    // What a client says of itself counts for nothing: each proxy adds what it saw, or throws the rest away.
    const processed = await readFile(path.join(state, 'processed.csv'), 'utf8');
    assert.match(processed, '127.0.0.2');
    assert.not.match(processed, '203.0.113.9');
  });

  run(`${name} asks for the password itself, and a real worker delivers a transcript through it`, async () => {
    await using folder = await temporaryFolder();
    const [library, state, data] = [folder.join('library'), folder.join('state'), folder.join('data')];
    await Promise.all([mkdir(library), mkdir(state), mkdir(data)]);
    const recording = await addRecording(library, 'a.mp3', await readFile(shortSample));
    await using server = await startTestServer(library, state, { STT_TRUSTED_PROXIES: '127.0.0.1' });
    await using proxy = await startProxy(name, folder, server.url, true);
    const { port } = proxy;
    const refused = await ask(port, '/task');
    assert.is(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /^Basic /u);
    const tooLarge = { method: 'POST', auth: `${userName}:${password}`, body: 'x'.repeat(6 * 1024 * 1024) };
    assert.is((await ask(port, '/result', tooLarge)).status, 413);

    const url = `https://localhost:${port}`;
    const settings = { AUTH_ENABLED: 'true', USERNAME: userName, NODE_EXTRA_CA_CERTS: proxy.cert };
    const doctor = (secret: string): Promise<ChildEnd> =>
      runChild({
        file: process.execPath,
        args: [workerProgram, 'doctor', '--quick'],
        cwd: data,
        env: { ...workerEnvironment(data, url), ...settings, PASSWORD: secret },
        stdoutLimitBytes: 100_000,
      });
    const [wrong, right] = await Promise.all([doctor('wrong'), doctor(password)]);
    assert.is(wrong.exitCode, 77, wrong.stdout);
    assert.match(wrong.stdout, 'refuses USERNAME and PASSWORD');
    assert.match(right.stdout, 'accepts USERNAME and PASSWORD');

    const end = await runTestWorker(data, url, ['--until-empty'], { ...settings, PASSWORD: password });
    assert.is(end.exitCode, 0, end.outputTail);
    assert.is(await wrongWords(recording, shortSampleWords), 0);
  });

  run(
    `${name} that asks for the password lets through what workers ask for, and nothing else of an open server`,
    async () => {
      await using folder = await temporaryFolder();
      const [library, state] = [folder.join('library'), folder.join('state')];
      await Promise.all([mkdir(library), mkdir(state)]);
      await using server = await startTestServer(library, state, { STT_TRUSTED_PROXIES: '127.0.0.1' });
      await using proxy = await startProxy(name, folder, server.url, true);
      const auth = `${userName}:${password}`;
      const calls = await callsOf(server.url);
      assert.ok(
        calls.some(({ place }) => place === '/api/tasks') && calls.some(({ place }) => place === '/task/1/audio'),
      );
      for (const { place, method, isForWorkers } of calls) {
        const { status, headers } = await ask(proxy.port, place, { method, auth });
        // Each answer of the server has this name; the proxy's own have not.
        const isServer = headers['x-stt-protocol'] !== undefined || headers['x-request-id'] !== undefined;
        assert.is(isServer, isForWorkers, `${method} ${place}: ${status}`);
        if (!isForWorkers) assert.is(status, 403, place);
        if (method === 'GET' && place !== '/livez' && place !== '/readyz')
          assert.ok([401, 403].includes((await ask(proxy.port, place)).status), `${place} without the password`);
      }
      // The server decodes and climbs nothing; what a proxy makes of these must not lead there either.
      for (const place of [
        '//api/tasks',
        '/%61pi/tasks',
        '/API/tasks',
        '/api%2ftasks',
        '/task/../api/tasks',
        '/task/x/../../api/tasks',
        '/task/%2e%2e/api/tasks',
        '/metrics?/task',
        '/metrics/',
        '/task?/../metrics',
        '/api/tasks/../../task/1/audio',
        'http://stt.example.org/api/tasks',
      ]) {
        const { status, body } = await ask(proxy.port, place, { auth });
        assert.ok(status >= 400 || status === 204, `${place}: ${status} ${body.toString().slice(0, 100)}`);
        assert.not.match(body.toString(), /"tasks"|stt_tasks/u);
      }
    },
  );

  run(`${name} keeps the password to itself, says who it was, and holds nothing back`, async () => {
    await using folder = await temporaryFolder();
    let goOn = (): void => {};
    await using upstream = await fileServer((_, response) => {
      response.write('the beginning');
      goOn = () => response.end(', the end');
    });
    await using proxy = await startProxy(name, folder, upstream.url, true);
    const answer = await ask(proxy.port, '/task', {
      auth: `${userName}:${password}`,
      headers: { 'X-Forwarded-User': 'admin' },
      // Were the beginning kept until the end is there, neither would ever come.
      onData: () => goOn(),
      signal: AbortSignal.timeout(20_000),
    });
    assert.is(answer.body.toString(), 'the beginning, the end');
    assert.equal(
      upstream.requests.map(({ headers }) => [headers.authorization ?? '', headers['x-forwarded-user']]),
      [['', userName]],
    );
  });
}

run.run();
