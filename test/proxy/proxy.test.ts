// deadline: 120 s
/**
 * The recipes in packaging/proxy with the real programs in front of the real server: only names, ports and paths are replaced. Once as
 * they stand, with a client that looks at every byte; once with the proxy asking for the password, with the real worker.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { eventually } from '../support/eventually.ts';
import { fileServer } from '../support/file-server.ts';
import { addRecording, shortSample, shortSampleWords, wrongWords } from '../support/library.ts';
import {
  type RunningProgram,
  runTestWorker,
  startProgram,
  startTestServer,
  workerEnvironment,
  workerProgram,
} from '../support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const run = suite('proxies');
const hello = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** In its variant each # right before a setting is taken away; before a space it is a remark. */
async function recipe(name: string, isVariant: boolean): Promise<string> {
  const text = await readFile(path.join(packageFolder, 'packaging', 'proxy', name), 'utf8');
  return isVariant ? text.replaceAll(/^(\s*)#(?=[^ \n])/gmu, '$1') : text;
}

type Proxied = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

/** The certificate is the test's own. */
function ask(
  port: number,
  place: string,
  options: {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    auth?: string;
    onData?: (chunk: Buffer) => void;
    signal?: AbortSignal;
  } = {},
): Promise<Proxied> {
  const { body, onData, ...rest } = options;
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(
      // Another address than the proxy's own, as the real ones have.
      {
        host: '127.0.0.1',
        localAddress: '127.0.0.2',
        port,
        path: place,
        servername: 'stt.example.org',
        rejectUnauthorized: false,
        ...rest,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          onData?.(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    asked.on('error', reject);
    asked.setHeader('Host', 'stt.example.org');
    asked.end(body);
  });
}

async function makeCertificate(folder: TemporaryFolder): Promise<{ cert: string; key: string }> {
  const [cert, key] = [folder.join('proxy.crt'), folder.join('proxy.key')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=stt.example.org', '-addext', 'subjectAltName=DNS:stt.example.org,DNS:localhost'];
  const made = await runChild({ file: 'openssl', args: [...args, ...name, '-keyout', key, '-out', cert] });
  assert.is(made.exitCode, 0, made.outputTail);
  return { cert, key };
}

/** `isVariant`: the proxy asks for the password itself. */
type Start = (
  folder: TemporaryFolder,
  place: { port: number; serverPort: number; isVariant?: boolean },
) => Promise<Proxy>;
type Proxy = RunningProgram & { cert: string };

const userName = 'worker';
const password = 'ein "paß": $2a$14 wort';
/** As `caddy hash-password` makes it, but for the work (4 instead of 14), which takes it a second. */
const caddyHash = '$2b$04$16RvCHPqNy/ixavtN4E/yuq7DMFX6f3pSU2MjLgNGfaCSHXw3767W';

const startNginx: Start = async (folder, { port, serverPort, isVariant = false }) => {
  const { cert, key } = await makeCertificate(folder);
  const site = (await recipe('nginx.conf', isVariant))
    .replace('127.0.0.1:8000', `127.0.0.1:${serverPort}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/nginx/tls/stt.example.org.crt', cert)
    .replace('/etc/nginx/tls/stt.example.org.key', key)
    .replace('/etc/nginx/stt.htpasswd', folder.join('htpasswd'));
  const hashed = await runChild({ file: 'openssl', args: ['passwd', '-6', password], stdoutLimitBytes: 1000 });
  await writeFile(folder.join('htpasswd'), `${userName}:${hashed.stdout.trim()}\n`);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = places.map((name) => `${name}_temp_path ${folder.join(name)};`).join('\n');
  await writeFile(
    folder.join('nginx.conf'),
    `daemon off;\nmaster_process off;\npid ${folder.join('nginx.pid')};\nerror_log stderr;\nevents {}\nhttp {\n` +
      `access_log off;\n${temporary}\n${site}\n}\n`,
  );
  const args = ['-p', folder.path, '-c', folder.join('nginx.conf')];
  return Object.assign(startProgram({ file: 'nginx', args, cwd: folder.path }), { cert });
};

/** `basicauth` is what Caddy before 2.8 calls `basic_auth`. */
async function caddyKnowsBasicAuth(): Promise<boolean> {
  const { stdout } = await runChild({ file: 'caddy', args: ['version'], stdoutLimitBytes: 1000 });
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/u.exec(stdout) ?? []).map(Number);
  return major > 2 || (major === 2 && minor >= 8);
}

const startCaddy: Start = async (folder, { port, serverPort, isVariant = false }) => {
  const { cert, key } = await makeCertificate(folder);
  const names = `https://stt.example.org:${port}, https://localhost:${port}`;
  const site = (await recipe('Caddyfile', isVariant))
    .replace('127.0.0.1:8000', `127.0.0.1:${serverPort}`)
    .replace('stt.example.org {', `${names} {\n\tbind 127.0.0.1\n\ttls ${cert} ${key}`)
    .replace('$2a$14$put.the.hash.of.your.password.here', () => caddyHash)
    .replace('basic_auth', (await caddyKnowsBasicAuth()) ? 'basic_auth' : 'basicauth');
  await writeFile(folder.join('Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  const program = startProgram({
    file: 'caddy',
    args: ['run', '--adapter', 'caddyfile', '--config', folder.join('Caddyfile')],
    cwd: folder.path,
    env: { HOME: folder.path, XDG_DATA_HOME: folder.join('data'), XDG_CONFIG_HOME: folder.join('config') },
  });
  return Object.assign(program, { cert });
};

async function untilUp(name: string, proxy: Proxy, port: number): Promise<void> {
  const answers = (): Promise<boolean> =>
    ask(port, '/livez').then(
      ({ status }) => status === 200 || status === 401,
      () => false,
    );
  await eventually(answers, `${name}: ${proxy.lines.join('\n')}`, 20_000);
}

for (const [name, start] of Object.entries({ nginx: startNginx, caddy: startCaddy })) {
  run(`${name} lets a worker do all its work`, async () => {
    await using folder = await temporaryFolder();
    const [library, state] = [folder.join('library'), folder.join('state')];
    await Promise.all([mkdir(library), mkdir(state)]);
    const bytes = randomBytes(3_000_000);
    await writeFile(path.join(library, 'a.mp3'), bytes);
    await using server = await startTestServer(library, state, {
      STT_TRUSTED_PROXIES: '127.0.0.1',
      STT_DEFAULT_LANGUAGE: 'en',
      STT_SETTLE_SECONDS: '0',
      STT_SCAN_SECONDS: '1',
    });
    const port = await freePort();
    await using proxy = await start(folder, { port, serverPort: Number(new URL(server.url).port) });
    await untilUp(name, proxy, port);

    const worker = { 'X-STT-Protocol': '2', 'X-Forwarded-For': '203.0.113.9' };
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
    const headers = { 'Content-Type': 'application/json' };
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
    const port = await freePort();
    await using proxy = await start(folder, { port, serverPort: Number(new URL(server.url).port), isVariant: true });
    await untilUp(name, proxy, port);

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

  run(`${name} keeps the password to itself, says who it was, and holds nothing back`, async () => {
    await using folder = await temporaryFolder();
    let goOn = (): void => {};
    await using upstream = await fileServer((_, response) => {
      response.write('the beginning');
      goOn = () => response.end(', the end');
    });
    const port = await freePort();
    const serverPort = Number(new URL(upstream.url).port);
    await using proxy = await start(folder, { port, serverPort, isVariant: true });
    await untilUp(name, proxy, port);
    const answer = await ask(port, '/task', {
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
