/** Release folders for tests, the real one and tiny ones, and homes to install them into. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { findProgram } from '../../src/find-program.ts';
import { packageFolder, packageVersion } from '../../src/package-folder.ts';
import { type ChildEnd, describeEnd, runChild } from '../../src/run-child.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

export const version = packageVersion();
export const tarball = `stt-${version}.tar.gz`;

/** As npm calls it, where there is a Node.js for it on npm. */
export const nodePlatform = `${process.platform}-${process.arch}`;

type RunOptions = { cwd?: string; env?: Record<string, string> };

async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const end = await runChild({ file, args, inheritEnv: true, timeoutMs: 200_000, ...options });
  if (end.exitCode !== 0) throw new Error(`${file}: ${describeEnd(end)}\n${end.outputTail}`);
}

/** What lies about in the clone that releases are made from. */
export const unknownToGit = 'whisper/notes.txt';

/**
 * Of the sources as they are now, in a clone of their own; without the RPM, which has a test of its own; with the Node.js of this machine's
 * kind.
 */
export async function buildRelease(folder: string): Promise<void> {
  await using clone = await temporaryFolder();
  const leftOut = ['node_modules', '.git', '.node', '.cache', 'dist'].map((name) => `--exclude=./${name}`);
  await run('tar', ['-cf', clone.join('sources.tar'), ...leftOut, '.'], { cwd: packageFolder });
  const cwd = clone.join('clone');
  await mkdir(cwd);
  await run('tar', ['-xf', clone.join('sources.tar')], { cwd });
  // Whatever the settings of this machine, and the repository that a hook of git runs these tests for.
  const env = {
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_DIR: path.join(cwd, '.git'),
    GIT_INDEX_FILE: path.join(cwd, '.git', 'index'),
    GIT_WORK_TREE: cwd,
  };
  await run('git', ['init', '--quiet'], { cwd, env });
  await run('git', ['add', '--all'], { cwd, env });
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  await run('git', [...author, 'commit', '--quiet', '--message=sources'], { cwd, env });
  await symlink(path.join(packageFolder, 'node_modules'), path.join(cwd, 'node_modules'));
  await writeFile(path.join(cwd, unknownToGit), 'a secret');
  const withNode = ['linux-x64', 'linux-arm64'].includes(nodePlatform) ? ['--with-node', nodePlatform] : [];
  const args = ['--output', folder, '--without-rpm', ...withNode];
  const PATH = `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  await run(path.join(cwd, 'packaging', 'release', 'build'), args, { env: { ...env, PATH } });
}

/** In place of the file of that name. */
export async function putFile(file: string, content: string | Uint8Array): Promise<void> {
  await unlink(file).catch(() => {});
  await writeFile(file, content);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export type TinyOptions = {
  /** What each of the two programs runs instead. */
  program?: string;
  /** Files besides, by their names in the release. */
  files?: Record<string, string>;
  /** Of all files in it, as chmod has it. */
  mode?: string;
};

/** A release with programs that know their version and nothing else: what install.sh does with it is the same, and takes no time. */
export async function tinyRelease(folder: string, madeVersion: string, options: TinyOptions = {}): Promise<string> {
  const name = `stt-${madeVersion}`;
  const {
    program = `console.log('stt/${madeVersion} ' + process.platform)`,
    files = {},
    mode = 'u=rwX,go=rX',
  } = options;
  const all = { 'bin/stt.js': program, 'bin/stt-server.js': program, 'share/man/man1/stt.1': name, ...files };
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(all)) {
    await mkdir(path.dirname(path.join(folder, name, file)), { recursive: true });
    await writeFile(path.join(folder, name, file), text);
  }
  await run('tar', [`--mode=${mode}`, '-czf', `${name}.tar.gz`, name], { cwd: folder });
  await rm(path.join(folder, name), { recursive: true });
  await writeSums(folder);
  await cp(installScript, path.join(folder, 'install.sh'));
  return folder;
}

export const installScript = path.join(packageFolder, 'packaging', 'install.sh');

/** Of all tarballs there, as packaging/release/build writes them. */
export async function writeSums(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('gz')).toSorted();
  const lines = names.map(async (name) => `${sha256(await readFile(path.join(folder, name)))}  ${name}\n`);
  await putFile(path.join(folder, 'SHA256SUMS'), (await Promise.all(lines)).join(''));
}

const everyday =
  'sh bash env cat cut tr od base64 sha256sum sha512sum rm rmdir mkdir mktemp dirname basename ln ls mv cp sed awk grep find head tail id uname df sort wc chmod readlink sleep tar gzip'.split(
    ' ',
  );

/** A folder for PATH with the everyday programs of a small machine, and these. */
export async function everydayPath(
  folder: string,
  more: readonly string[] = [],
  without: readonly string[] = [],
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of [...everyday, ...more].filter((name) => !without.includes(name))) {
    const found = await findProgram(name, '/usr/local/bin:/usr/bin:/bin');
    if (found.kind === 'found') await symlink(found.file, path.join(folder, name));
  }
  return folder;
}

/** A home, and a folder for temporary files, in which nothing must be left that does not belong there. */
export type FreshHome = TemporaryFolder & {
  home: string;
  /** What is there besides what was there at first. */
  left: () => Promise<string[]>;
};

export async function freshHome(): Promise<FreshHome> {
  const folder = await temporaryFolder();
  const [home, temporary] = [folder.join('home'), folder.join('tmp')];
  await Promise.all([mkdir(home), mkdir(temporary)]);
  await writeFile(path.join(home, '.profile'), 'mine\n');
  const left = async (): Promise<string[]> => {
    const all = await Promise.all([home, temporary].map((place) => readdir(place, { recursive: true })));
    return all
      .flat()
      .filter((name) => name !== '.profile' && !name.startsWith('node-compile-cache'))
      .toSorted();
  };
  return { ...folder, home, left };
}

/** PATH with a program of the test's own before the others. */
export async function withProgram(
  machine: TemporaryFolder,
  name: string,
  script: string,
  others: string,
): Promise<string> {
  const folder = machine.join(`own-${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}:${others}`;
}

export type Installation = {
  machine: FreshHome;
  PATH: string;
  /** Besides --user and --yes. */
  args: readonly string[];
  script?: string;
  /** Besides HOME, PATH and TMPDIR. */
  env?: Record<string, string>;
};

export const machineEnvironment = ({
  machine,
  PATH,
  env,
}: Pick<Installation, 'machine' | 'PATH' | 'env'>): Record<string, string> => ({
  HOME: machine.home,
  PATH,
  TMPDIR: machine.join('tmp'),
  ...env,
});

export const installCommand = ({ args, script = installScript }: Installation): { file: string; args: string[] } => ({
  file: 'sh',
  args: [script, '--user', '--yes', ...args],
});

export function install(installation: Installation): Promise<ChildEnd> {
  return runChild({
    ...installCommand(installation),
    cwd: installation.machine.path,
    env: machineEnvironment(installation),
    timeoutMs: 100_000,
  });
}

/** What the installed `stt` says of its version. */
export async function installedVersion({ machine, PATH }: Pick<Installation, 'machine' | 'PATH'>): Promise<string> {
  const end = await runChild({
    file: path.join(machine.home, '.local/bin/stt'),
    args: ['--version'],
    env: machineEnvironment({ machine, PATH }),
    stdoutLimitBytes: 1000,
  });
  return /^stt\/(\S+) /u.exec(end.stdout)?.[1] ?? end.outputTail;
}

/** Asserts how an installation ended, and what it said. */
export function said(end: ChildEnd, exitCode: number, pattern: RegExp, what = ''): void {
  assert.is(end.exitCode, exitCode, `${what}: ${end.outputTail}`);
  assert.match(end.outputTail, pattern);
}
