/**
 * Real podman for tests, also where no registry of images can be reached: a storage of its own below the cache of the checks, and for
 * the base images stand-ins of Debian's packages and this Node.js, under the names that the Containerfiles ask for. Layers are kept from
 * one run to the next; containers, networks and volumes are not, whatever becomes of a test.
 */
import { createHash } from 'node:crypto';
import { access, copyFile, cp, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findProgram } from '../../src/find-program.ts';
import { type ChildEnd, type ChildOptions, describeEnd, runChild } from '../../src/run-child.ts';
import { checkDataFolder } from './engine.ts';
import { isRunning } from './processes.ts';

export type PodmanOptions = Pick<ChildOptions, 'cwd' | 'timeoutMs' | 'signal'>;

export type Podman = {
  /** `podman ARGS`, to its end, however it ends. */
  run: (args: readonly string[], options?: PodmanOptions) => Promise<ChildEnd>;
  /** What it prints on standard output. @throws where it does not end well. */
  output: (args: readonly string[], options?: PodmanOptions) => Promise<string>;
  /** For other programs: the arguments that come before all others, and the environment. */
  globalArgs: readonly string[];
  env: Record<string, string>;
};

/** The name of the base image of both Containerfiles. */
export const nodeImage = 'docker.io/library/node:24-trixie-slim';

const programs = ['podman', 'runc', 'netavark', 'mmdebstrap'];
/** Debian keeps it where PATH does not lead. */
const searchPath = `${process.env['PATH'] ?? ''}:/usr/lib/podman:/usr/libexec/podman`;

/** @returns why containers cannot be built and run here; undefined where they can. */
export async function whyNoPodman(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'containers are for Linux';
  if (process.getuid?.() !== 0) return 'only root can run these containers here';
  for (const program of programs) {
    if ((await findProgram(program, searchPath)).kind !== 'found') return `there is no ${program}`;
  }
  const spaces = await runChild({ file: 'unshare', args: ['--mount', '--net', 'true'] });
  if (spaces.exitCode !== 0) return 'this machine may not mount, or make networks';
  return undefined;
}

const folder = path.join(checkDataFolder, 'containers');
const inFolder = (...parts: string[]): string => path.join(folder, ...parts);
/** Forgotten at a reboot, as podman wants it. */
const runFolder = `/run/stt-check-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;

/**
 * As root in a container that may not raise its limits, and with control groups of the first version, podman's own choices fail: crun
 * does not start there, and there are not as many open files to be had.
 */
const settings = `[containers]
default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[network]
network_backend = "netavark"
network_config_dir = "${inFolder('networks')}"
`;

/** Takes a minute where nothing is there yet. */
export async function openPodman(): Promise<Podman> {
  await mkdir(inFolder('tmp'), { recursive: true });
  await writeFile(inFolder('containers.conf'), settings);
  // Below TMPDIR lie the caches that a build mounts, too.
  const env = { CONTAINERS_CONF: inFolder('containers.conf'), TMPDIR: inFolder('tmp') };
  const places = ['--root', inFolder('storage'), '--runroot', runFolder, '--tmpdir', path.join(runFolder, 'libpod')];
  const globalArgs = [...places, '--storage-driver', 'overlay'];
  const run: Podman['run'] = (args, options = {}) =>
    runChild({
      file: 'podman',
      args: [...globalArgs, ...args],
      inheritEnv: true,
      env,
      timeoutMs: 60_000,
      stdoutLimitBytes: 1_000_000,
      ...options,
    });
  const output: Podman['output'] = async (args, options) => {
    const end = await run(args, options);
    if (end.exitCode === 0) return end.stdout.trim();
    throw new Error(`podman ${args.join(' ')}: ${describeEnd(end)}\n${end.outputTail}`);
  };
  const podman = { run, output, globalArgs, env };
  await sweep(podman);
  await sweepBuilds(podman);
  await provideNodeImage(podman);
  return podman;
}

const prefix = 'stt-test';

/** `stt-test-4711-server`: for a container, network or volume of this process. */
export const ownName = (what: string): string => `${prefix}-${process.pid}-${what}`;

/** What is of a test that was killed. */
async function sweep(podman: Podman): Promise<void> {
  const isLeft = (name: string): boolean => {
    const pid = new RegExp(`^${prefix}-(\\d+)-`, 'u').exec(name)?.[1];
    return pid !== undefined && !isRunning(Number(pid));
  };
  for (const [list, remove] of [
    [
      ['ps', '--all', '--format', '{{.Names}}'],
      ['rm', '--force', '--time', '0', '--volumes'],
    ],
    [
      ['network', 'ls', '--format', '{{.Name}}'],
      ['network', 'rm', '--force'],
    ],
    [
      ['volume', 'ls', '--format', '{{.Name}}'],
      ['volume', 'rm', '--force'],
    ],
  ] as const) {
    const left = (await podman.output(list)).split('\n').filter(isLeft);
    if (left.length > 0) await podman.run([...remove, ...left]);
  }
}

type Listed = { Id: string; State: string; Created: number };

/** What builds that were broken off have left, and layers that no build of the last day has made. */
async function sweepBuilds(podman: Podman): Promise<void> {
  const all = JSON.parse(await podman.output(['ps', '--all', '--external', '--format', 'json'])) as Listed[];
  // None takes so long.
  const longAgo = Date.now() / 1000 - 3600;
  const left = all.filter(({ State, Created }) => State === 'storage' && Created < longAgo).map(({ Id }) => Id);
  if (left.length > 0) await podman.run(['rm', '--force', ...left]);
  await podman.run(['image', 'prune', '--force', '--filter', 'until=24h']);
}

export type ImageRequest = { tag: string; file: string; context: string; args?: Record<string, string> };

/** As `podman build` of a user, but that it asks no registry. @returns seconds. */
export async function buildImage(podman: Podman, { tag, file, context, args = {} }: ImageRequest): Promise<number> {
  const startedAt = performance.now();
  const given = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const believed = await certificateMounts();
  await podman.output(['build', ...buildFlags, '--layers', ...believed, '-f', file, '-t', tag, ...given, context], {
    timeoutMs: 900_000,
  });
  return (performance.now() - startedAt) / 1000;
}

/** Without an own process tree for each step, which takes rights that root in a container may not have. */
const buildFlags = ['--isolation', 'chroot', '--format', 'docker', '--pull=never'];

const debian = 'trixie';
/** What the real image has beyond Debian's essential packages. */
const basePackages = ['libstdc++6', 'libatomic1', 'passwd'];

/** What this machine believes, since a proxy may have an authority of its own. Mounted for the time of a build: no layer knows of it. */
const certificates = '/etc/ssl/certs/ca-certificates.crt';

async function certificateMounts(): Promise<string[]> {
  if (!(await isThere(certificates))) return [];
  const npmSettings = inFolder('npmrc');
  await writeFile(npmSettings, `cafile=${certificates}\nupdate-notifier=false\n`);
  return ['--volume', `${certificates}:${certificates}:ro`, '--volume', `${npmSettings}:/usr/local/etc/npmrc:ro`];
}

const nodeRecipe = `FROM scratch
ADD base.tar /
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node \\
 && mkdir -p /etc/ssl/certs /usr/local/etc && touch ${certificates} /usr/local/etc/npmrc
CMD ["node"]
`;

/** Made anew where Node.js, npm or the recipe are others. */
async function provideNodeImage(podman: Podman): Promise<void> {
  const npm = await npmFolder();
  const { version } = JSON.parse(await readFile(path.join(npm, 'package.json'), 'utf8')) as { version: string };
  const parts = [nodeRecipe, debian, ...basePackages, process.version, version];
  const digest = createHash('sha256').update(parts.join('\n')).digest('hex');
  const known = await podman.run(['image', 'inspect', '--format', '{{.Labels.digest}}', nodeImage]);
  if (known.exitCode === 0 && known.stdout.trim() === digest) return;

  const place = inFolder('base');
  await mkdir(place, { recursive: true });
  await provideBaseArchive(path.join(place, 'base.tar'));
  await copyFile(process.execPath, path.join(place, 'node'));
  await rm(path.join(place, 'npm'), { recursive: true, force: true });
  await cp(npm, path.join(place, 'npm'), { recursive: true });
  await writeFile(path.join(place, 'Containerfile'), nodeRecipe);
  const label = ['--label', `digest=${digest}`];
  await podman.output(['build', ...buildFlags, '--squash', ...label, '-t', nodeImage, place], { timeoutMs: 300_000 });
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function provideBaseArchive(file: string): Promise<void> {
  if (await isThere(file)) return;
  const made = `${file}.${process.pid}.tar`;
  const end = await runChild({
    file: 'mmdebstrap',
    args: [
      '--quiet',
      // With apt, which the Containerfiles use.
      '--variant=apt',
      `--include=${basePackages.join(',')}`,
      '--dpkgopt=path-exclude=/usr/share/{doc,man,locale}/*',
      debian,
      made,
    ],
    inheritEnv: true,
    timeoutMs: 300_000,
  });
  if (end.exitCode !== 0) throw new Error(`mmdebstrap: ${describeEnd(end)}\n${end.outputTail}`);
  await rename(made, file);
}

/** The folder of the npm on PATH. */
async function npmFolder(): Promise<string> {
  const found = await findProgram('npm', process.env['PATH'] ?? '');
  if (found.kind !== 'found') throw new Error('there is no npm');
  return path.resolve(await realpath(found.file), '..', '..');
}
