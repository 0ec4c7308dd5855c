/**
 * A booted machine with stt from its npm package, as `npm install --global` brings it, with the engine and the model of the checks,
 * and a server that runs as a service.
 */
import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dataPaths } from '../../src/config/data-paths.ts';
import { addSidecar } from '../support/library.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, describeEnd, runChild } from '../../src/run-child.ts';
import { type BootedMachine, bootMachine, nodeBinds } from '../support/booted-machine.ts';
import { checkDataFolder } from '../support/engine.ts';
import { makeRoot } from '../support/machine-root.ts';
import { freePort } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export type InstalledMachine = AsyncDisposable & {
  machine: BootedMachine;
  /** Of the machine's server; the same seen from here. */
  url: string;
  /** A path in the machine, seen from here. */
  join: (...parts: string[]) => string;
};

/** What lies there, in the machine. */
export const places = {
  library: '/srv/recordings',
  whisperCli: '/opt/whisper.cpp/build/bin/whisper-cli',
  models: '/opt/models',
  npm: '/opt/npm',
  packages: '/opt/packages',
} as const;

export async function installMachine(): Promise<InstalledMachine> {
  await using opened = new AsyncDisposableStack();
  const root = opened.use(await makeRoot({ suite: 'trixie' }));
  await mkdir(root.join(places.packages));
  const tarball = await pack(root.join(places.packages));
  await fillNpmCache(root.join(tarball));
  const paths = dataPaths(checkDataFolder);
  const machine = opened.use(
    await bootMachine({
      root,
      binds: [
        ...nodeBinds,
        { from: await realpath(paths.whisperCpp), to: '/opt/whisper.cpp' },
        { from: paths.models, to: places.models },
        { from: await npmFolder(), to: places.npm },
        { from: await npmSetting('cache'), to: '/root/.npm', isWritable: true },
      ],
    }),
  );
  await machine.output(
    ['node', `${places.npm}/bin/npm-cli.js`, 'install', '--global', '--offline', '--no-audit', '--no-fund', tarball],
    { env: { npm_config_registry: await npmSetting('registry') }, timeoutMs: 200_000 },
  );
  const port = await freePort();
  await mkdir(root.join(places.library), { recursive: true });
  // The server writes its transcripts beside the recordings.
  await machine.output(['chmod', '1777', places.library]);
  await mkdir(root.join('etc/stt'), { recursive: true });
  const settings = { AUDIO_DIR: places.library, PORT: String(port), STT_SETTLE_SECONDS: '0', STT_SCAN_SECONDS: '1' };
  await writeSettings(root.join('etc/stt/server.env'), settings, 0o644);
  await machine.output(['stt-server', 'install-service', '--now']);
  const resources = opened.move();
  return {
    machine,
    url: `http://127.0.0.1:${port}`,
    join: (...parts) => root.join(...parts),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export async function writeSettings(
  file: string,
  settings: Readonly<Record<string, string>>,
  mode = 0o600,
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''), { mode });
}

/** Under that name, as somebody would copy it there: complete at once. */
export async function addToLibrary(installed: InstalledMachine, name: string, recording: string): Promise<string> {
  const file = installed.join(places.library, name);
  await copyFile(recording, file);
  await addSidecar(file);
  return file;
}

/** @returns its path in the machine. */
async function pack(folder: string): Promise<string> {
  await npm('run', 'build');
  const { stdout } = await npm('pack', '--json', '--pack-destination', folder);
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }];
  return path.posix.join(places.packages, path.basename(filename));
}

/** What the machine installs from: it has no names of hosts, and no proxy. An installation of its own asks for the same. */
async function fillNpmCache(tarball: string): Promise<void> {
  await using folder = await temporaryFolder();
  await npm('install', '--global', '--prefix', folder.path, '--prefer-offline', '--no-audit', '--no-fund', tarball);
}

async function npm(...args: string[]): Promise<ChildEnd> {
  const options = { cwd: packageFolder, inheritEnv: true, timeoutMs: 200_000, stdoutLimitBytes: 1_000_000 };
  const end = await runChild({ file: 'npm', args, ...options });
  if (end.exitCode !== 0) throw new Error(`npm ${args[0]}: ${describeEnd(end)}\n${end.outputTail}`);
  return end;
}

const npmSetting = async (name: string): Promise<string> => (await npm('config', 'get', name)).stdout.trim();

async function npmFolder(): Promise<string> {
  const found = await npm('exec', '--offline', '--call', 'echo "$npm_execpath"');
  return path.dirname(path.dirname(await realpath(found.stdout.trim())));
}
