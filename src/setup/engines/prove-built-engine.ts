/**
 * The proof of an engine on this machine: it transcribes the bundled sample, and says itself that it does so on the device it was made
 * for. An engine that was made for a GPU and crawls on the processor is no engine.
 */
import { AppError } from '../../app-error.ts';
import type { Backend } from '../../backend.ts';
import type { Clock } from '../../clock.ts';
import { cpuDevice, type Proof } from '../../engine/engine-file.ts';
import { backendInUse, type EngineGpus } from '../../engine/engine-gpus.ts';
import type { SampleRun } from '../../engine/prove-on-sample.ts';
import type { RunOptions } from '../../engine/run-options.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type BenchOptions, onSampleBench, type SampleBench } from './sample-bench.ts';

export type EngineToProve = { whisperCli: string; backend: Backend; run: RunOptions };

/**
 * @throws AppError STT_ENGINE_NOT_ON_DEVICE, exit code 69, where it works, but on something else than its backend is for; else what
 * SampleBench throws.
 */
export function proveBuiltEngine(engine: EngineToProve, options: BenchOptions & { clock: Clock }): Promise<Proof> {
  return onSampleBench(options, async (bench) => {
    const first = await bench.run(engine.whisperCli, engine.run);
    requireDevice(engine, first.gpus);
    return proofOf(bench, await fasterRun(bench, engine, first), options.clock);
  });
}

/** On a GPU the first run compiles shaders and wakes the card: the second one is what a worker sees. It is left out where that takes long. */
const longestFirstRunSeconds = 60;

export async function fasterRun(
  bench: SampleBench,
  { whisperCli, run }: Pick<EngineToProve, 'whisperCli' | 'run'>,
  first: SampleRun,
): Promise<SampleRun> {
  if (backendInUse(first.gpus) === 'cpu' || first.seconds > longestFirstRunSeconds) return first;
  const second = await bench.run(whisperCli, run);
  return second.seconds < first.seconds ? second : first;
}

export function proofOf({ model }: SampleBench, { gpus, audioSeconds, seconds }: SampleRun, clock: Clock): Proof {
  return {
    at: new Date(clock.now()).toISOString(),
    model: { name: model.name, sha256: model.sha256 },
    device: deviceInUse(gpus),
    speed: Math.round((audioSeconds / Math.max(seconds, 0.001)) * 100) / 100,
    devices: [...gpus.devices],
  };
}

function deviceInUse({ openVino, gpuInUse }: EngineGpus): string {
  return openVino === undefined ? (gpuInUse ?? cpuDevice) : `OpenVINO ${openVino}`;
}

/** What helps people to see why a device is not there. */
const looks: Record<Exclude<Backend, 'cpu'>, string> = {
  cuda: 'See what "nvidia-smi" says of the driver',
  vulkan: 'See what "vulkaninfo --summary" says',
  metal: 'See whether this is an Apple Silicon Mac, and no virtual machine',
  openvino:
    'See whether the encoder of the model was converted, and whether Intel\'s compute runtime is installed for "GPU"',
};

function requireDevice({ backend, run }: EngineToProve, gpus: EngineGpus): void {
  if (backend === 'cpu') return;
  const used = backendInUse(gpus);
  const asked = backend === 'openvino' ? openVinoDevice(run) : undefined;
  if (used === backend && (asked === undefined || asked === gpus.openVino)) return;
  const where = used === 'cpu' ? 'on the processor alone' : `on ${deviceInUse(gpus)}`;
  const why = gpus.trouble === undefined ? '' : ` (${gpus.trouble})`;
  throw new AppError(`The engine for ${backend}${asked === undefined ? '' : ` on ${asked}`} works ${where}${why}.`, {
    code: 'STT_ENGINE_NOT_ON_DEVICE',
    hint: `${looks[backend]}, then run the same command again: it is built, and only tried again. The engine in use, if there is one, stays; for the processor: "stt setup --backend cpu".`,
    exitCode: exitCodes.unavailable,
  });
}

/** `-oved GPU` -> `GPU`. */
function openVinoDevice({ arguments: args }: RunOptions): string | undefined {
  const at = args.indexOf('-oved');
  return at === -1 ? undefined : args[at + 1];
}
