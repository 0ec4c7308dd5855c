// deadline: 120 s
/** The recipes in packaging/proxy with the real programs in front of the real server: only names, ports and paths are replaced. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { runChild } from '../../src/run-child.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningProgram, startProgram, startTestServer } from '../support/programs.ts';
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

const recipe = (name: string): Promise<string> =>
  readFile(path.join(packageFolder, 'packaging', 'proxy', name), 'utf8');

type Proxied = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

/** The certificate is the test's own. */
function ask(
  port: number,
  place: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Proxied> {
  const { body, ...rest } = options;
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
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
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
  const name = ['-subj', '/CN=stt.example.org', '-addext', 'subjectAltName=DNS:stt.example.org'];
  const made = await runChild({ file: 'openssl', args: [...args, ...name, '-keyout', key, '-out', cert] });
  assert.is(made.exitCode, 0, made.outputTail);
  return { cert, key };
}

type Start = (folder: TemporaryFolder, port: number, serverPort: number) => Promise<RunningProgram>;

const startNginx: Start = async (folder, port, serverPort) => {
  const { cert, key } = await makeCertificate(folder);
  const site = (await recipe('nginx.conf'))
    .replace('127.0.0.1:8000', `127.0.0.1:${serverPort}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/nginx/tls/stt.example.org.crt', cert)
    .replace('/etc/nginx/tls/stt.example.org.key', key);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = places.map((name) => `${name}_temp_path ${folder.join(name)};`).join('\n');
  await writeFile(
    folder.join('nginx.conf'),
    `daemon off;\nmaster_process off;\npid ${folder.join('nginx.pid')};\nerror_log stderr;\nevents {}\nhttp {\n` +
      `access_log off;\n${temporary}\n${site}\n}\n`,
  );
  return startProgram({ file: 'nginx', args: ['-p', folder.path, '-c', folder.join('nginx.conf')], cwd: folder.path });
};

const startCaddy: Start = async (folder, port, serverPort) => {
  const { cert, key } = await makeCertificate(folder);
  const site = (await recipe('Caddyfile'))
    .replace('127.0.0.1:8000', `127.0.0.1:${serverPort}`)
    .replace('stt.example.org {', `https://stt.example.org:${port} {\n\tbind 127.0.0.1\n\ttls ${cert} ${key}`);
  await writeFile(folder.join('Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  return startProgram({
    file: 'caddy',
    args: ['run', '--adapter', 'caddyfile', '--config', folder.join('Caddyfile')],
    cwd: folder.path,
    env: { HOME: folder.path, XDG_DATA_HOME: folder.join('data'), XDG_CONFIG_HOME: folder.join('config') },
  });
};

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
    await using proxy = await start(folder, port, Number(new URL(server.url).port));
    const isUp = (): Promise<boolean> =>
      ask(port, '/livez').then(
        ({ status }) => status === 200,
        () => false,
      );
    await eventually(isUp, `${name}: ${proxy.lines.join('\n')}`, 20_000);

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
}

run.run();
