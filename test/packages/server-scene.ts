/** A booted machine with a library, where the RPM of the server is about to be installed, and what an administrator and a worker do there. */
import { appendFile } from 'node:fs/promises';
import { makeLibrary } from '../../src/demo/samples.ts';
import { type BootedMachine, bootMachine, nodeBinds } from '../support/booted-machine.ts';
import { eventually } from '../support/eventually.ts';
import { samples } from '../support/library.ts';
import type { MachineRoot } from '../support/machine-root.ts';
import { freePort } from '../support/server-process.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';
import { likeFedora, type PackageManager, packageManager, repositories } from './package-manager.ts';

/** Where the machine sees the packages. */
export const inMachine = '/mnt/rpm';

const found = samples.find(({ name }) => name === 'digits-en-short');
if (found === undefined) throw new Error('there is no short sample');
/** What the library holds. */
export const short = found;

export type Scene = AsyncDisposable & {
  machine: BootedMachine;
  root: MachineRoot;
  dnf: PackageManager;
  /** `systemctl show` of the service. */
  property: (name: string) => Promise<string>;
  url: string;
  port: number;
  /** Of a worker; with its token, once there is one. */
  headers: Record<string, string>;
};

/** @param workshop holds the packages in `rpm`, and `repositories`. */
export async function makeScene(root: MachineRoot, program: 'dnf' | 'dnf5', workshop: TemporaryFolder): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  opened.use(root);
  await likeFedora(root);
  const library = root.join('srv/recordings');
  await makeLibrary(library, [short]);
  const binds = [
    ...nodeBinds,
    { from: workshop.join('rpm'), to: inMachine },
    { from: workshop.join('repositories'), to: repositories },
  ];
  const machine = opened.use(await bootMachine({ root, binds }));
  const port = await freePort();
  const resources = opened.move();
  return {
    machine,
    root,
    dnf: packageManager(machine, program),
    property: (name) => machine.output(['systemctl', 'show', '--property', name, '--value', 'stt-server']),
    url: `http://127.0.0.1:${port}`,
    port,
    headers: { 'X-STT-Protocol': '2', 'X-STT-Worker': 'test' },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** What an administrator does between installing and starting. */
export async function configure({ machine, root, port }: Scene): Promise<void> {
  // That the server may write there is his to see to.
  await machine.output(['chown', '-R', 'stt-server:', '/srv/recordings']);
  const settings = [`AUDIO_DIR=/srv/recordings`, `PORT=${port}`, 'STT_SETTLE_SECONDS=0', 'STT_SCAN_SECONDS=1'];
  await appendFile(root.join('etc/stt/server.env'), `${settings.join('\n')}\n`);
}

export async function isAnswered(url: string): Promise<boolean> {
  return (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200;
}

export async function post({ url, headers }: Scene, path: string, body: object): Promise<number> {
  const sent = { ...headers, 'Content-Type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers: sent, body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

/** Claims the one recording that is there. @returns the lease. */
export async function claim({ url, headers }: Scene): Promise<string> {
  const asked = async (): Promise<string | undefined> => {
    const response = await fetch(`${url}/task`, { headers });
    await response.arrayBuffer();
    return response.headers.get('X-Task-ID') ?? undefined;
  };
  return eventually(asked, 'a task is offered', 20_000);
}

export async function mainProcess({ property }: Scene): Promise<string> {
  return property('MainPID');
}

/** Until the service runs in another process than before. */
export async function restarted(scene: Scene, before: string): Promise<void> {
  const changed = async (): Promise<boolean> => {
    const now = await mainProcess(scene);
    return now !== before && now !== '0' && (await isAnswered(scene.url));
  };
  await eventually(changed, 'the service is started anew', 30_000);
}
