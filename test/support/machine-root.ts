/**
 * The file system of a machine that a test boots: a plain Debian of a suite with the packages named, downloaded once, kept beside the
 * engine of the checks, and unpacked for each test, which may do with it what it likes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describeEnd, runChild } from '../../src/run-child.ts';
import { checkDataFolder } from './engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type MachineRoot = AsyncDisposable & { path: string; join: (...parts: string[]) => string };

export type RootOptions = {
  /** Of Debian. */
  suite: 'trixie' | 'forky';
  /** Beside what a systemd with user sessions needs; one list for all tests of a suite saves downloads. */
  packages?: readonly string[];
};

/** What a worker needs, and who installs an RPM. */
export const trixiePackages: readonly string[] = 'ffmpeg libgomp1 libstdc++6 rpm dnf curl iproute2'.split(' ');

const systemdPackages = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'dbus-user-session',
  'libpam-systemd',
  // Loaded at run time, and no dependency in newer suites: without it SystemCallFilter= does nothing.
  'libseccomp2',
  'passwd',
  'procps',
];

/** ffmpeg brings drivers of graphics cards, which are bigger than all the rest. */
const leftOut = [
  ...['doc', 'man', 'locale', 'icons', 'fonts'].map((folder) => `/usr/share/${folder}/*`),
  ...['libLLVM*', 'libgallium*', 'dri/*', 'libz3*'].map((name) => `/usr/lib/*/${name}`),
];

const mmdebstrapArguments = (suite: string, packages: readonly string[]): string[] => [
  '--quiet',
  '--variant=essential',
  `--include=${[...systemdPackages, ...packages].toSorted().join(',')}`,
  // The testing suite's may be long out of date where a mirror is frozen.
  '--aptopt=Acquire::Check-Valid-Until "false"',
  ...leftOut.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
  suite,
];

/** @throws where the packages cannot be downloaded, twice. */
export async function makeRoot({ suite, packages = trixiePackages }: RootOptions): Promise<MachineRoot> {
  const args = mmdebstrapArguments(suite, packages);
  const hash = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 10);
  const archive = path.join(checkDataFolder, 'roots', `${suite}-${hash}.tar.zst`);
  const isNew = !existsSync(archive);
  if (isNew) await download(archive, args);

  const folder = await temporaryFolder();
  const root = folder.join('root');
  try {
    if (!(await unpack(archive, root))) {
      if (isNew) throw new Error(`${archive} was made a moment ago and cannot be unpacked`);
      await rm(root, { recursive: true });
      await download(archive, args);
      if (!(await unpack(archive, root))) throw new Error(`${archive} was made anew and cannot be unpacked`);
    }
    await furnish(root);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path: root,
    join: (...parts) => path.join(root, ...parts),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function download(archive: string, args: readonly string[]): Promise<void> {
  await mkdir(path.dirname(archive), { recursive: true });
  // The ending says the format.
  const part = archive.replace('.tar.zst', `.${randomBytes(4).toString('hex')}.tar.zst`);
  const attempt = () => runChild({ file: 'mmdebstrap', args: [...args, part], inheritEnv: true, timeoutMs: 300_000 });
  try {
    let end = await attempt();
    if (end.exitCode !== 0) end = await attempt();
    if (end.exitCode !== 0) throw new Error(`mmdebstrap: ${describeEnd(end)}\n${end.outputTail}`);
    await rename(part, archive);
  } finally {
    await rm(part, { force: true });
  }
}

/** Its checksum is part of the archive. */
async function unpack(archive: string, root: string): Promise<boolean> {
  await mkdir(root, { recursive: true });
  const args = ['--zstd', '-xpf', archive, '-C', root, '--numeric-owner'];
  return (await runChild({ file: 'tar', args })).exitCode === 0;
}

async function furnish(root: string): Promise<void> {
  // Known: else the first boot would enable whatever presets do not forbid.
  await writeFile(path.join(root, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
  await writeFile(path.join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  // Kept over reboots.
  await mkdir(path.join(root, 'var/log/journal'), { recursive: true });
}
