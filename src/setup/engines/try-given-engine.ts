/** What an engine from elsewhere is worth here: its version, what it works on, and the proof that it works. Changes nothing. */
import { AppError } from '../../app-error.ts';
import type { Backend } from '../../backend.ts';
import type { Clock } from '../../clock.ts';
import type { Proof } from '../../engine/engine-file.ts';
import { backendInUse, type EngineGpus } from '../../engine/engine-gpus.ts';
import { plainRunOptions, type RunOptions } from '../../engine/run-options.ts';
import { exitCodes } from '../../exit-codes.ts';
import { runChild } from '../../run-child.ts';
import { fasterRun, proofOf } from './prove-built-engine.ts';
import { type BenchOptions, onSampleBench } from './sample-bench.ts';
import { whyNotStarted } from './why-not-started.ts';

export type GivenEngineTrial = BenchOptions & {
  clock: Clock;
  /** What an engine for a backend is told at each start on this machine; absent: nothing. */
  runFor?: ((backend: Backend) => RunOptions) | undefined;
  say: (line: string) => void;
};

export type GivenEngine = {
  whisperCli: string;
  /** `unknown` where it does not say, as those before 1.8. */
  version: string;
  backend: Backend;
  run: RunOptions;
  proof: Proof;
};

/** @throws AppError STT_ENGINE_BROKEN where it does not start; else what SampleBench throws. */
export async function tryGivenEngine(whisperCli: string, trial: GivenEngineTrial): Promise<GivenEngine> {
  const { signal, say } = trial;
  const why = await whyNotStarted(whisperCli, signal);
  if (why !== undefined) throw notStarted(whisperCli, why);
  const version = await askVersion(whisperCli, signal);
  say(`Trying ${whisperCli} on a sample.`);
  return onSampleBench(trial, async (bench) => {
    const plain = await bench.run(whisperCli, plainRunOptions);
    const backend = nearestBackend(plain.gpus);
    // It works, so it is taken; but who has a GPU wants to know.
    if (backend === 'cpu' && plain.gpus.trouble !== undefined) {
      say(`It was built for a GPU, and works on the processor alone: ${plain.gpus.trouble}`);
    }
    const run = trial.runFor?.(backend) ?? plainRunOptions;
    const isPlain = run.arguments.length === 0 && Object.keys(run.environment).length === 0;
    const first = isPlain ? plain : await bench.run(whisperCli, run);
    return {
      whisperCli,
      version,
      backend,
      run,
      proof: proofOf(bench, await fasterRun(bench, { whisperCli, run }, first), trial.clock),
    };
  });
}

/** A GPU that none of ours is built for (SYCL) counts as what also serves GPUs of every maker; the proof has its own name. */
const nearestBackend = (gpus: EngineGpus): Backend => backendInUse(gpus) ?? 'vulkan';

async function askVersion(whisperCli: string, signal: AbortSignal): Promise<string> {
  const end = await runChild({
    file: whisperCli,
    args: ['--version'],
    signal,
    timeoutMs: 20_000,
    stdoutLimitBytes: 1000,
  });
  signal.throwIfAborted();
  return /^whisper\.cpp version: (\d+(?:\.\d+)*)/mu.exec(end.stdout)?.[1] ?? 'unknown';
}

function notStarted(whisperCli: string, why: string): AppError {
  const forMac = `Programs from the web are kept from starting: xattr -d com.apple.quarantine ${whisperCli}`;
  return new AppError(`${whisperCli} does not start: ${why}`, {
    code: 'STT_ENGINE_BROKEN',
    hint:
      process.platform === 'darwin'
        ? forMac
        : 'Take one that was built for this system and processor, with its libraries beside it.',
    exitCode: exitCodes.unavailable,
  });
}
