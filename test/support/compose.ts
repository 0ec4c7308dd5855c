/** The services of packaging/container/compose.yaml, by podman-compose, gone when the test ends; for Caddy's image stands this machine's. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { findProgram } from '../../src/find-program.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { buildImage, nodeImage, ownName, type Podman } from './podman.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

export type Compose = AsyncDisposable & {
  /** `podman-compose ARGS`, to its end. @throws where it does not end well. */
  run: (args: readonly string[], settings?: Record<string, string>) => Promise<ChildEnd>;
  /** What comes through Caddy; undefined where nothing does. */
  ask: (place: string) => Promise<string | undefined>;
  /** The name of the container of a service, or of a network. */
  nameOf: (kind: 'container' | 'network', name: string) => string;
};

const composeFile = path.join(packageFolder, 'packaging', 'container', 'compose.yaml');

/** @param settings as in the file `.env` of a user. */
export async function openCompose(
  podman: Podman,
  folder: TemporaryFolder,
  settings: Record<string, string>,
): Promise<Compose> {
  await provideCaddyImage(podman, folder);
  const project = ownName('compose');
  const [http, https] = [await freePort(), await freePort()];
  // Not that of a test beside this one.
  const PROXY_NETWORK = `10.23${process.pid % 10}.${Math.floor(process.pid / 10) % 256}.0/24`;
  const ports = { HTTP_PORT: `127.0.0.1:${http}`, HTTPS_PORT: `127.0.0.1:${https}` };
  const run: Compose['run'] = async (args, more) => {
    const end = await runChild({
      file: 'podman-compose',
      args: [`--podman-args=${podman.globalArgs.join(' ')}`, '-p', project, '-f', composeFile, ...args],
      inheritEnv: true,
      env: { ...podman.env, SITE: 'localhost', PROXY_NETWORK, ...ports, ...settings, ...more },
      timeoutMs: 120_000,
      stdoutLimitBytes: 100_000,
    });
    if (end.exitCode !== 0) throw new Error(`podman-compose ${args.join(' ')}:\n${end.outputTail}`);
    return end;
  };
  return {
    run,
    ask: (place) => httpsText(https, place).catch(() => undefined),
    nameOf: (kind, name) => `${project}_${name}${kind === 'container' ? '_1' : ''}`,
    [Symbol.asyncDispose]: async () => {
      await run(['down', '-v', '-t', '0']);
      await podman.run(['network', 'rm', '--force', `${project}_workers`, `${project}_proxy`]);
    },
  };
}

async function provideCaddyImage(podman: Podman, folder: TemporaryFolder): Promise<void> {
  const caddy = await findProgram('caddy', process.env['PATH'] ?? '');
  if (caddy.kind !== 'found') throw new Error('there is no caddy');
  const context = folder.join('caddy');
  await mkdir(context);
  await copyFile(caddy.file, path.join(context, 'caddy'));
  const places = 'ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data';
  const recipe = path.join(context, 'Containerfile');
  await writeFile(recipe, `FROM ${nodeImage}\nCOPY caddy /usr/bin/caddy\n${places}\n`);
  const tag = /image: (\S+caddy\S+)/u.exec(await readFile(composeFile, 'utf8'))?.[1] ?? '';
  await buildImage(podman, { tag, file: recipe, context });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Of localhost, by a certificate that Caddy has made itself. */
function httpsText(port: number, place: string): Promise<string> {
  const options = { host: '127.0.0.1', port, path: place, servername: 'localhost', headers: { Host: 'localhost' } };
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, rejectUnauthorized: false, agent: false, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}
