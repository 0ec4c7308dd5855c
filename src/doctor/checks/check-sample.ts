/** The engine with its model transcribes the bundled sample, the whole way of a recording, in a folder of our own. */
import { AppError } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { type Engine, type EngineSettings, findEngine } from '../../engine/find-engine.ts';
import { proveOnSample, type SampleRun } from '../../engine/prove-on-sample.ts';
import { type Checked, failedWith, ok } from '../finding.ts';
import { inOwnFolder } from '../own-folder.ts';

export type SampleLook = {
  settings: EngineSettings;
  paths: DataPaths;
  threads: number;
  /** A worker of this machine has tasks in hand meanwhile. */
  isBusy: boolean;
  signal: AbortSignal;
};

/** On the engine's own choice of a device. */
export type SampleSeen = SampleRun & { isBusy: boolean };

/** @throws AppError as proveOnSample does. */
export async function checkSample(look: SampleLook): Promise<Checked<SampleSeen>> {
  const { settings, paths, isBusy } = look;
  const engine = await findEngine(settings, paths);
  try {
    const run = await inOwnFolder((folder) => proveOnEach(engine, folder, look));
    const { audioSeconds, seconds, gpus } = run;
    const found = [
      `transcribed ${audioSeconds.toFixed(1)} s of speech in ${seconds.toFixed(1)} s, ${speedOf(run).toFixed(1)} x real time`,
      ...(gpus.devices.length > 1 ? [`on each of ${gpus.devices.length} GPUs`] : []),
      ...(isBusy ? ['beside a worker that is at work'] : []),
    ].join(', ');
    return ok(engine.isDemoModel ? `${found}; this model knows spoken digits only` : found, { ...run, isBusy });
  } catch (error) {
    if (!isBusy || !(error instanceof AppError)) throw error;
    const failed = failedWith(error);
    const busy =
      'A worker is at work here, and may have taken the memory: "stt pause --now", look again, "stt resume".';
    return { ...failed, fix: failed.fix === undefined ? busy : `${failed.fix}\n${busy}` };
  }
}

/** A worker has a slot on each GPU, so that each must do. @returns what came of the first. */
async function proveOnEach(engine: Engine, folder: string, { threads, signal }: SampleLook): Promise<SampleRun> {
  const first = await proveOnSample(engine, { folder, threads, signal });
  for (let device = 1; device < first.gpus.devices.length; device += 1) {
    await proveOnSample(engine, { folder, threads, device, signal });
  }
  return first;
}

/** Audio seconds per second. */
export const speedOf = ({ audioSeconds, seconds }: SampleRun): number => audioSeconds / Math.max(seconds, 0.001);
