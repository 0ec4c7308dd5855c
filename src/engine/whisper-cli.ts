/**
 * Runs whisper-cli once and tells what came of it, without judging: whisper-cli ends with 0 after many a failure, so its exit
 * code is a fact among others. See judge-transcript.
 */
import { open, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { AppError, systemErrorCode } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { longestBodyBytes } from '../protocol/wire.ts';
import { type ChildEnd, describeEnd, runChild } from '../run-child.ts';
import type { Engine } from './find-engine.ts';
import { whisperArguments } from './whisper-arguments.ts';
import { addGpuLine, type EngineGpus, noGpus, saysNoGpu, saysNoOpenVino } from './engine-gpus.ts';
import {
  parseDetectedLanguage,
  parseMachineTrouble,
  parseProgress,
  parseSegmentEnd,
  saysModelIsEmpty,
} from './whisper-output.ts';

export type TranscribeOptions = {
  wavFile: string;
  /** Length of the WAV file. */
  audioSeconds: number;
  /** The transcript is written to `outputBase.vtt`. */
  outputBase: string;
  language: string;
  threads: number;
  /** Which GPU, counted from 0 as the engine counts them; absent: the engine's choice. */
  device?: number;
  signal: AbortSignal;
  /** 0 to 1. */
  onProgress?: (fraction: number) => void;
};

export type EngineRun = {
  /** The WebVTT file as it is, or undefined where none was written. */
  vtt: string | undefined;
  endedWell: boolean;
  /** `exit code 3`, `killed by SIGSEGV (11)`. */
  end: string;
  /** Who ended it: itself, a crash, we at the deadline, or somebody else (out of memory, a person). */
  endedBy: 'itself' | 'crash' | 'deadline' | 'outside';
  /** What the engine said of this machine, where that explains a failure: `it could not write`; undefined: nothing. */
  machineTrouble: string | undefined;
  /** What the engine said of the GPUs of this machine. */
  gpus: EngineGpus;
  /** The end of the last segment that whisper-cli printed, in seconds: a second witness beside the file. */
  heardUntilSeconds: number | undefined;
  detectedLanguage: string | undefined;
  /** The engine found nothing in the model file, and may have ended well all the same. */
  isModelEmpty: boolean;
  /** The engine's last lines on standard error, without progress. */
  lastWords: string;
  /** Wall time. */
  seconds: number;
};

const keptLines = 12;

/** Even an old machine with a large model keeps within this; what takes longer hangs. */
export function engineDeadlineMs(audioSeconds: number): number {
  return (600 + 40 * audioSeconds) * 1000;
}

/**
 * @throws the signal's reason when it aborts; the engine is gone then.
 * @throws AppError STT_TOOL_MISSING when the engine cannot be started, STT_ENGINE_GPU_LOST when it would work on the CPU instead.
 */
export async function transcribe(engine: Engine, options: TranscribeOptions): Promise<EngineRun> {
  const words: string[] = [];
  let heardUntilSeconds: number | undefined;
  let detectedLanguage: string | undefined;
  let isModelEmpty = false;
  let machineTrouble: string | undefined;
  let gpus = noGpus;
  let progress = 0;
  const gpuLost = new AbortController();

  const advance = (fraction: number): void => {
    progress = Math.max(progress, Math.min(1, fraction));
    options.onProgress?.(progress);
  };
  const onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    if (stream === 'stdout') {
      const end = parseSegmentEnd(line);
      if (end === undefined) {
        // OpenVINO complains there.
        gpus = addGpuLine(gpus, line);
        return;
      }
      heardUntilSeconds = Math.max(heardUntilSeconds ?? 0, end);
      advance(end / options.audioSeconds);
      return;
    }
    const fraction = parseProgress(line);
    if (fraction !== undefined) return advance(fraction);
    detectedLanguage ??= parseDetectedLanguage(line);
    isModelEmpty ||= saysModelIsEmpty(line);
    machineTrouble ??= parseMachineTrouble(line);
    gpus = addGpuLine(gpus, line);
    if (engine.expectsGpu && saysNoGpu(gpus, line)) gpuLost.abort(gpuIsLost(engine, line));
    if (engine.backend === 'openvino' && saysNoOpenVino(line)) gpuLost.abort(openVinoIsLost(engine, gpus, line));
    words.push(printable(line));
    if (words.length > keptLines) words.shift();
  };

  const transcriptFile = `${options.outputBase}.vtt`;
  // What an earlier run left there must not pass for this one's.
  await rm(transcriptFile, { force: true });
  const end = await runChild({
    file: engine.whisperCli,
    args: whisperArguments({
      ...options,
      modelFile: engine.modelFile,
      vadModelFile: engine.vadModelFile,
      engineArguments: engine.run.arguments,
    }),
    env: engine.run.environment,
    signal: AbortSignal.any([options.signal, gpuLost.signal]),
    timeoutMs: engineDeadlineMs(options.audioSeconds),
    killAfterMs: 2000,
    // None on memory: the drivers of GPUs map far more than they use.
    limits: {},
    onLine,
  });
  // An engine that was through already has done its work.
  if (end.stoppedBy === 'abort') options.signal.throwIfAborted();
  gpuLost.signal.throwIfAborted();
  return {
    vtt: await readTranscriptFile(transcriptFile),
    endedWell: end.exitCode === 0,
    end: describeEnd(end),
    endedBy: endedBy(end),
    machineTrouble,
    gpus,
    heardUntilSeconds,
    detectedLanguage,
    isModelEmpty,
    lastWords: words.join('\n'),
    seconds: end.durationMs / 1000,
  };
}

function gpuIsLost({ whisperCli, provenDevice }: Engine, line: string): AppError {
  const before = provenDevice === undefined ? 'found a GPU at its start' : `was set up to work on ${provenDevice}`;
  return new AppError(`The engine ${whisperCli} ${before}, and finds none now: ${printable(line)}`, {
    code: 'STT_ENGINE_GPU_LOST',
    hint: 'See whether the driver works (nvidia-smi, vulkaninfo), and start the machine anew; for the processor alone: "stt setup --backend cpu".',
    exitCode: exitCodes.unavailable,
  });
}

/** It would go on with ggml's own encoder, on the CPU. */
function openVinoIsLost({ whisperCli, modelFile }: Engine, { trouble }: EngineGpus, line: string): AppError {
  const why = printable(trouble ?? line);
  return new AppError(`The engine ${whisperCli} cannot use OpenVINO with the model ${modelFile}: ${why}`, {
    code: 'STT_ENGINE_GPU_LOST',
    hint: 'Run "stt setup --backend openvino" with this model, which converts its encoder; for the processor alone: "stt setup --backend cpu".',
    exitCode: exitCodes.unavailable,
  });
}

/** What a program does to itself. Any other signal comes from outside. */
const crashes = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS'] as const;

function endedBy(end: ChildEnd): EngineRun['endedBy'] {
  if (end.stoppedBy === 'timeout') return 'deadline';
  // A shell script around the engine passes a signal on as a number.
  const signal = end.signalName ?? signalOfExitCode(end.exitCode ?? 0);
  if (signal === undefined) return 'itself';
  return crashes.some((crash) => crash === signal) ? 'crash' : 'outside';
}

function signalOfExitCode(exitCode: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
}

/** At most one byte more than may be delivered: enough to see that it is too long. */
async function readTranscriptFile(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, longestBodyBytes + 1));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
