/**
 * The recipes in packaging/proxy with the real programs: only names, ports, paths and the password are replaced. And a client that says
 * what it likes.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { runChild } from '../../src/run-child.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningProgram, startProgram } from '../support/programs.ts';
import { freePort } from '../support/server-process.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';

export const proxyNames = ['nginx', 'caddy'] as const;
export type ProxyName = (typeof proxyNames)[number];
const files = { nginx: 'nginx.conf', caddy: 'Caddyfile' };

/** In its variant each # right before a setting is taken away; before a space it is a remark. */
export async function recipe(name: ProxyName, isVariant: boolean): Promise<string> {
  const text = await readFile(path.join(packageFolder, 'packaging', 'proxy', files[name]), 'utf8');
  return isVariant ? text.replaceAll(/^(\s*)#(?=[^ \n])/gmu, '$1') : text;
}

export type Proxied = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

/** The certificate is the test's own. */
export function ask(
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
  place: { port: number; serverPort: number; isVariant: boolean },
) => Promise<Omit<Proxy, 'port'>>;
export type Proxy = RunningProgram & { cert: string; port: number };

export const userName = 'worker';
export const password = 'ein "paß": $2a$14 wort';
/** As `caddy hash-password` makes it, but for the work (4 instead of 14), which takes it a second. */
const caddyHash = '$2b$04$16RvCHPqNy/ixavtN4E/yuq7DMFX6f3pSU2MjLgNGfaCSHXw3767W';

const startNginx: Start = async (folder, { port, serverPort, isVariant }) => {
  const { cert, key } = await makeCertificate(folder);
  const site = (await recipe('nginx', isVariant))
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

const startCaddy: Start = async (folder, { port, serverPort, isVariant }) => {
  const { cert, key } = await makeCertificate(folder);
  const names = `https://stt.example.org:${port}, https://localhost:${port}`;
  const site = (await recipe('caddy', isVariant))
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
/** Listening on `port`. @param server The URL of what stands behind it. */
export async function startProxy(
  name: ProxyName,
  folder: TemporaryFolder,
  server: string,
  isVariant = false,
): Promise<Proxy> {
  const port = await freePort();
  const start = { nginx: startNginx, caddy: startCaddy }[name];
  const proxy = Object.assign(await start(folder, { port, serverPort: Number(new URL(server).port), isVariant }), {
    port,
  });
  const answers = (): Promise<boolean> =>
    ask(port, '/livez').then(
      ({ status }) => status === 200 || status === 401,
      () => false,
    );
  try {
    await eventually(answers, `${name}: ${proxy.lines.join('\n')}`, 20_000);
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
  return proxy;
}
