/**
 * Looks at this machine: the edge of detection, and the only user of systeminformation. Nothing is decided here, and nothing that
 * is missing is an error; see read-machine.
 */
import { arch, availableParallelism, cpus, platform, release, totalmem, version } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type * as Systeminformation from 'systeminformation';
import { messageOf } from '../../app-error.ts';
import { packageManagers } from '../packages/packages.ts';
import { askProgram } from './ask-program.ts';
import { findPaths, findPciDisplays, freeDiskBytes, listFolders, readTexts } from './look-at-files.ts';
import type { GraphicsController, MachineFacts, ProgramAnswer } from './machine-facts.ts';

const texts = [
  '/etc/os-release',
  '/usr/lib/os-release',
  '/proc/version',
  '/proc/device-tree/model',
  '/etc/nv_tegra_release',
  '/run/systemd/container',
  '/opt/rocm/.info/version',
  '/opt/intel/openvino/runtime/version.txt',
];

const paths = [
  '/run/.containerenv',
  '/.dockerenv',
  '/run/.toolboxenv',
  '/run/secrets/kubernetes.io',
  '/etc/profile.d/distrobox_profile.sh',
  '/usr/bin/distrobox-host-exec',
  '/usr/bin/distrobox-export',
  '/dev/kfd',
  '/dev/dxg',
  '/dev/nvidiactl',
  '/dev/nvhost-gpu',
];

/** @param dataFolder where engines and models will lie; it need not be there yet. */
export async function gatherFacts(dataFolder: string, signal: AbortSignal): Promise<MachineFacts> {
  const troubles: string[] = [];
  const told = async <Told>(what: string, promise: Promise<Told>, fallback: Told): Promise<Told> => {
    try {
      return await inTime(promise, signal);
    } catch (error) {
      signal.throwIfAborted();
      troubles.push(`${what}: ${messageOf(error)}`);
      return fallback;
    }
  };
  const nothing = { model: '', physicalCores: 0, flags: '' };
  const [programs, managers, cpu, graphics, files, diskFreeBytes] = await Promise.all([
    askPrograms(signal),
    findPackageManagers(signal),
    told('processor', readCpu(), nothing),
    told('graphics', readGraphics(), []),
    lookAtFiles(),
    freeDiskBytes(dataFolder),
  ]);
  signal.throwIfAborted();
  const memoryTotalBytes = totalmem();
  const limit = process.constrainedMemory();
  return {
    platform: platform(),
    architecture: arch(),
    kernel: release(),
    systemName: version(),
    cpu,
    processors: availableParallelism(),
    memoryTotalBytes,
    // Where there is none, some systems say 0 and some a number beyond all memory.
    ...(limit > 0 && limit < memoryTotalBytes ? { memoryLimitBytes: limit } : {}),
    ...(diskFreeBytes === undefined ? {} : { diskFreeBytes }),
    programs,
    packageManagers: managers,
    ...files,
    graphics,
    troubles,
  };
}

const answerWithinMs = 8000;

/** systeminformation starts programs of its own, and waits for them for ever. */
async function inTime<Told>(promise: Promise<Told>, signal: AbortSignal): Promise<Told> {
  const done = new AbortController();
  const end = delay(answerWithinMs, undefined, { signal: AbortSignal.any([signal, done.signal]), ref: false });
  try {
    return await Promise.race([
      promise,
      end.then(() => Promise.reject(new Error(`no answer within ${answerWithinMs / 1000} s`))),
    ]);
  } finally {
    done.abort();
  }
}

/** Loaded when it is needed: every other command starts sooner without it. */
const systemInformation = async (): Promise<typeof Systeminformation> => import('systeminformation');

async function readCpu(): Promise<MachineFacts['cpu']> {
  const { cpu } = await systemInformation();
  const { manufacturer, brand, physicalCores, flags } = await cpu();
  // Node.js does not know it on ARM; systeminformation makes "Gen Intel® Core™" of "11th Gen Intel(R) Core(TM)".
  const model = cpus().find(({ model }) => !/^(?:unknown)?$/iu.test(model.trim()))?.model;
  return { model: model ?? `${manufacturer} ${brand}`, physicalCores, flags };
}

/** On Linux it would start nvidia-smi, clinfo and xrandr one after another; there, files and our own questions tell more. */
async function readGraphics(): Promise<GraphicsController[]> {
  if (platform() === 'linux') return [];
  const { graphics } = await systemInformation();
  const { controllers } = await graphics();
  return controllers.map(({ vendor, model, bus, vram, vramDynamic }) => ({
    vendor,
    model,
    isBuiltIn: vramDynamic || bus === 'Built-In',
    ...(vram === null ? {} : { memoryMib: vram }),
  }));
}

async function askPrograms(signal: AbortSignal): Promise<MachineFacts['programs']> {
  const ask = (files: string | string[], ...args: string[]): Promise<ProgramAnswer> =>
    askProgram([files].flat().map(programFile), args, signal);
  const [nvidiaSmi, nvcc, vulkaninfo, glslc, hipcc, openvino, lspci, swVers] = await Promise.all([
    askNvidiaSmi(signal),
    nvccFiles().then((files) => ask(files, '--version')),
    ask('vulkaninfo', '--summary'),
    ask('glslc', '--version'),
    ask(['hipcc', '/opt/rocm/bin/hipcc'], '--version'),
    ask('pkg-config', '--modversion', 'openvino'),
    ask(['lspci', '/usr/sbin/lspci', '/sbin/lspci'], '-mm', '-nn', '-D'),
    ask('sw_vers', '-productVersion'),
  ]);
  return {
    'nvidia-smi': nvidiaSmi,
    nvcc,
    vulkaninfo,
    glslc,
    hipcc,
    'pkg-config openvino': openvino,
    lspci,
    sw_vers: swVers,
  };
}

const programFile = (name: string): string => (platform() === 'win32' ? `${name}.exe` : name);

/** WSL has it where services do not look. Drivers before 2022 do not know of compute capabilities. */
async function askNvidiaSmi(signal: AbortSignal): Promise<ProgramAnswer> {
  const files = ['nvidia-smi', '/usr/lib/wsl/lib/nvidia-smi'].map(programFile);
  const fields = 'index,name,driver_version,memory.total';
  const query = (more: string): Promise<ProgramAnswer> =>
    askProgram(files, [`--query-gpu=${fields}${more}`, '--format=csv,noheader,nounits'], signal);
  const answer = await query(',compute_cap');
  return answer.kind === 'failed' && answer.why.includes('not a valid field') ? query('') : answer;
}

/** Where NVIDIA's own packages and those of the distributions put it; the newest of several. */
async function nvccFiles(): Promise<string[]> {
  const { '/usr/local': names = [] } = await listFolders(['/usr/local']);
  const versioned = names
    .filter((name) => /^cuda-\d/u.test(name))
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return ['nvcc', ...['/usr/local/cuda', ...versioned.map((name) => `/usr/local/${name}`), '/opt/cuda'].map(inBin)];
}

const inBin = (folder: string): string => `${folder}/bin/nvcc`;

/** Looked for on PATH and not started: some take a second to say their version. */
async function findPackageManagers(signal: AbortSignal): Promise<string[]> {
  if (platform() === 'win32') return [];
  const script = 'for name; do if command -v "$name" >/dev/null; then echo "$name"; fi; done';
  const answer = await askProgram(['/bin/sh'], ['-c', script, 'sh', ...packageManagers], signal);
  return answer.kind === 'answered' ? answer.text.split('\n').filter((name) => name !== '') : [];
}

async function lookAtFiles(): Promise<Pick<MachineFacts, 'texts' | 'paths' | 'folders' | 'pciDisplays'>> {
  const [found, there, folders, pciDisplays] = await Promise.all([
    readTexts(texts),
    findPaths(paths),
    listFolders(['/dev/dri', '/opt/intel']),
    findPciDisplays(),
  ]);
  return { texts: found, paths: there, folders, pciDisplays };
}
