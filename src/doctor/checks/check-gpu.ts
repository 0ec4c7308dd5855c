/** Whether the engine worked on what it was made for, and as fast as when it was set up. Pure. */
import { backendInUse, type EngineGpus } from '../../engine/engine-gpus.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type Checked, fail, ok, skipped, warn } from '../finding.ts';
import type { EngineSeen } from './check-engine.ts';
import { type SampleSeen, speedOf } from './check-sample.ts';

export type GpuLook = {
  file: EngineSeen['file'];
  isOwn: EngineSeen['isOwn'];
  sample: SampleSeen;
  /** Of the model in use; undefined: not computed. */
  modelSha256: string | undefined;
};

/** A noisy neighbour makes for less; a GPU that was lost, or one that is throttled, for more. */
const tolerableShare = 0.5;

export function checkGpu({ file, isOwn, sample, modelSha256 }: GpuLook): Checked {
  const { gpus, isBusy } = sample;
  const inUse = backendInUse(gpus);
  if (file === undefined) {
    if (inUse !== 'cpu') return ok(`${deviceOf(gpus)} is in use`, undefined);
    if (gpus.devices.length === 0) return skipped('the engine works on the CPU');
    const fix = 'Build an engine for it with "stt setup", or leave it be: the CPU does the work.';
    const found = `there is ${gpus.devices.join(', ')}, but the engine works on the CPU`;
    return warn(found, bySetup(fix, isOwn), undefined);
  }
  if (file.backend !== 'cpu' && inUse === 'cpu') {
    const why = gpus.trouble === undefined ? '' : ` (${gpus.trouble})`;
    const fix =
      'See whether the driver works (nvidia-smi, vulkaninfo, clinfo); then "stt setup" again. "stt setup --use cpu" does without.';
    return fail(
      `the engine was made for ${file.backend}, but works on the CPU${why}`,
      bySetup(fix, isOwn),
      'STT_ENGINE_GPU_LOST',
      exitCodes.unavailable,
    );
  }
  const slow = isBusy ? undefined : slownessOf(file, sample, modelSha256);
  if (slow !== undefined) {
    const fix =
      'See what else is using the machine, and whether it is throttled for heat or on battery. "stt setup --force" measures anew.';
    return warn(`${deviceOf(gpus)}: ${slow}`, bySetup(fix, isOwn), undefined);
  }
  return inUse === 'cpu' ? skipped('the engine was made for the CPU') : ok(`${deviceOf(gpus)} is in use`, undefined);
}

/** What set-up makes is not used as long as another engine is named. */
const bySetup = (fix: string, isOwn: boolean): string =>
  isOwn ? fix : `${fix}\nUnset STT_WHISPER_CLI for that: set-up does not touch the engine named there.`;

/** `CUDA0 (NVIDIA GeForce RTX 3090)`. */
function deviceOf({ devices, gpuInUse, openVino }: EngineGpus): string {
  if (openVino !== undefined) return `OpenVINO on ${openVino}`;
  if (gpuInUse === undefined) return 'the CPU';
  const name = devices[Number(/\d+$/u.exec(gpuInUse)?.[0] ?? 0)];
  return name === undefined ? gpuInUse : `${gpuInUse} (${name})`;
}

function slownessOf(
  file: NonNullable<GpuLook['file']>,
  sample: SampleSeen,
  sha256: string | undefined,
): string | undefined {
  const { proof } = file;
  // Another model has another speed.
  if (proof === undefined || proof.model.sha256 !== sha256) return undefined;
  const speed = speedOf(sample);
  if (speed >= proof.speed * tolerableShare) return undefined;
  return `${speed.toFixed(1)} x real time, where it was ${proof.speed.toFixed(1)} x when the engine was proven`;
}
