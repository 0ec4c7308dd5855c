/**
 * Brings the encoder of a model for OpenVINO: whisper.cpp's own conversion, run by the pinned Python, puts a pair of files beside
 * the model. They appear when they are whole; a pair that is there is left alone.
 */
import { access, copyFile, mkdir, mkdtemp, open, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../app-error.ts';
import { syncDirectory } from '../../atomic-file.ts';
import { exitCodes } from '../../exit-codes.ts';
import { startProgress } from '../../progress.ts';
import { type ChildEnd, describeEnd } from '../../run-child.ts';
import { type EncoderFiles, encoderFiles, refuseUnconvertible } from './openvino-model.ts';
import { type OpenvinoSurroundings, provideEnvironment } from './openvino-python.ts';
import { runLogged } from './run-logged.ts';

export type EncoderRequest = {
  /** The engine's folder: whisper.cpp's tree. */
  engineFolder: string;
  /** By its name: `medium-q5_0`. */
  model: string;
  /** `.../ggml-medium-q5_0.bin`. */
  modelFile: string;
};

/** Beside the model, on the same disk. */
const stagingPrefix = '.openvino-';

const scriptName = 'convert-whisper-to-openvino.py';

/** The one of the original: all quantisations of a model share it. */
export function sharedEncoder({ model, modelFile }: Omit<EncoderRequest, 'engineFolder'>): EncoderFiles {
  return encoderFiles(path.join(path.dirname(modelFile), `ggml-${refuseUnconvertible(model)}.bin`));
}

/** Nothing is left to do: `stt setup` need not even take the lock. */
export async function hasEncoder(modelFile: string): Promise<boolean> {
  const { xml, bin } = encoderFiles(modelFile);
  return (await isWhole(xml)) && (await isWhole(bin));
}

/**
 * Call with the lock held.
 * @returns whether it was made now.
 * @throws AppError STT_OPENVINO_MODEL, exit code 78; STT_OPENVINO_CONVERSION.
 */
export async function provideEncoder(surroundings: OpenvinoSurroundings, request: EncoderRequest): Promise<boolean> {
  const shared = sharedEncoder(request);
  if (await hasEncoder(request.modelFile)) return false;
  if (!((await isWhole(shared.xml)) && (await isWhole(shared.bin)))) await convert(surroundings, request, shared);
  const wanted = encoderFiles(request.modelFile);
  if (wanted.xml === shared.xml) return true;
  await linkTo(shared.bin, wanted.bin);
  await linkTo(shared.xml, wanted.xml);
  return true;
}

/** Follows links: one that leads nowhere is not whole. */
async function isWhole(file: string): Promise<boolean> {
  try {
    return (await stat(file)).size > 0;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function linkTo(target: string, link: string): Promise<void> {
  await rm(link, { force: true });
  await symlink(path.basename(target), link);
}

/** With the download of the original: three gigabytes for the largest one. */
const deadlineMs = 3 * 60 * 60_000;

async function convert(
  surroundings: OpenvinoSurroundings,
  request: EncoderRequest,
  wanted: EncoderFiles,
): Promise<void> {
  const { paths, say } = surroundings;
  const original = refuseUnconvertible(request.model);
  const script = path.join(request.engineFolder, 'models', scriptName);
  await refuseWithoutScript(script);
  const python = await provideEnvironment(surroundings);

  const folder = path.dirname(wanted.xml);
  await mkdir(folder, { recursive: true });
  await sweep(folder);
  const staging = await mkdtemp(path.join(folder, stagingPrefix));
  try {
    say(`Converting the encoder of ${original} for OpenVINO. The original is downloaded for that.`);
    // The script writes beside itself.
    await copyFile(script, path.join(staging, scriptName));
    await runScript(surroundings, { python, staging, original });
    await place(staging, original, wanted, surroundings);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  await rm(originalFile(paths.cache, original), { force: true });
}

/** Where the `whisper` package of Python keeps what it has downloaded, when told so. */
const originalFile = (cache: string, original: string): string => path.join(cache, 'whisper', `${original}.pt`);

async function refuseWithoutScript(script: string): Promise<void> {
  try {
    await access(script);
  } catch (error) {
    throw new AppError(`There is no ${script}, which converts models for OpenVINO.`, {
      code: 'STT_OPENVINO_CONVERSION',
      hint: 'Run "stt setup --backend openvino --force" to build the engine from a whole source.',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

/** What conversions that were killed have left. */
async function sweep(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(stagingPrefix));
  for (const name of left) await rm(path.join(folder, name), { recursive: true, force: true });
}

export const scriptArguments = (script: string, original: string): string[] => ['-I', script, '--model', original];

async function runScript(
  surroundings: OpenvinoSurroundings,
  { python, staging, original }: { python: string; staging: string; original: string },
): Promise<void> {
  using progress = startProgress(`Converting ${original}`);
  const end = await runLogged(surroundings, {
    file: python,
    args: scriptArguments(path.join(staging, scriptName), original),
    cwd: staging,
    inheritEnv: true,
    // The original is kept until the conversion is done: a set-up that is interrupted need not download it again.
    env: { XDG_CACHE_HOME: surroundings.paths.cache },
    timeoutMs: deadlineMs,
    onLine: (line) => {
      const percent = /^\s*(\d{1,3})%\|/u.exec(line)?.[1];
      if (percent !== undefined) progress.update(Math.min(Number(percent), 100) / 200, 'downloading the original');
    },
  });
  if (end.exitCode !== 0) throw conversionFailed(surroundings, original, end);
  progress.update(1, '');
}

function conversionFailed({ log }: OpenvinoSurroundings, original: string, end: ChildEnd): AppError {
  const tail = end.outputTail.split('\n').slice(-8).join('\n');
  const isKilled = end.signalName === 'SIGKILL' && end.stoppedBy === null;
  const isDiskFull = /no space left on device/iu.test(end.outputTail);
  const memory = 'It seems that the memory ran out: choose a smaller model with --model. ';
  const disk = 'Make room on the disk, then run the same command again. ';
  const advice = `${isKilled ? memory : ''}${isDiskFull ? disk : ''}`;
  return new AppError(
    `The model ${original} could not be converted for OpenVINO (${describeEnd(end)}). The last lines:\n${tail}`,
    {
      code: 'STT_OPENVINO_CONVERSION',
      hint: `${advice}The whole output: ${log.file}`,
      exitCode: isDiskFull ? exitCodes.ioError : exitCodes.unavailable,
    },
  );
}

/** The `.xml` comes last: where it is, both are. */
async function place(
  staging: string,
  original: string,
  wanted: EncoderFiles,
  { log }: OpenvinoSurroundings,
): Promise<void> {
  const made = encoderFiles(path.join(staging, `ggml-${original}.bin`));
  for (const file of [made.bin, made.xml]) {
    if (await isWhole(file)) continue;
    throw new AppError(`The conversion of ${original} for OpenVINO ended without writing ${path.basename(file)}.`, {
      code: 'STT_OPENVINO_CONVERSION',
      hint: `The whole output: ${log.file}`,
      exitCode: exitCodes.unavailable,
    });
  }
  for (const kind of ['bin', 'xml'] as const) {
    await syncFile(made[kind]);
    await rename(made[kind], wanted[kind]);
  }
  await syncDirectory(path.dirname(wanted.xml));
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
