/** Whether the model fits into memory, once for each slot. An estimate, but for a model that is larger than all of it. Pure. */
import { exitCodes } from '../../exit-codes.ts';
import { type Checked, fail, ok, warn } from '../finding.ts';

export type MemoryLook = {
  modelBytes: number;
  /** As the catalogue has it. */
  neededBytes: number | undefined;
  slots: number;
  /** Of the machine, or the limit of its container. */
  totalBytes: number;
  /** Not in use by others now. */
  availableBytes: number;
  /** A worker runs, and has its engines in memory now. */
  isBusy: boolean;
};

export function checkMemory(look: MemoryLook): Checked {
  const { modelBytes, slots, totalBytes, availableBytes, isBusy } = look;
  const neededBytes = slots * (look.neededBytes ?? estimate(modelBytes));
  const need = `${describeBytes(neededBytes)} for ${slots === 1 ? 'the model' : `${slots} slots`}`;
  if (modelBytes > totalBytes) {
    const found = `the model has ${describeBytes(modelBytes)}, this machine ${describeBytes(totalBytes)} of memory`;
    return fail(found, 'Choose a smaller model in STT_MODEL.', 'STT_MEMORY', exitCodes.config);
  }
  if (neededBytes > totalBytes) {
    const found = `about ${need} needed, but there are only ${describeBytes(totalBytes)}`;
    return warn(found, `Choose a smaller model in STT_MODEL${slots > 1 ? ', or fewer STT_SLOTS' : ''}.`, undefined);
  }
  if (neededBytes > availableBytes && !isBusy) {
    const found = `about ${need} needed, of ${describeBytes(totalBytes)}, of which only ${describeBytes(availableBytes)} are free now`;
    return warn(
      found,
      'End what else uses the memory of this machine, or choose a smaller model in STT_MODEL.',
      undefined,
    );
  }
  return ok(`about ${need} needed, of ${describeBytes(totalBytes)}`, undefined);
}

/** By whisper.cpp's own table: tiny 75 MiB on disk and 273 MB in memory, large 2.9 GiB and 3.9 GB. */
const estimate = (modelBytes: number): number => modelBytes * 1.25 + 250e6;

/** `3.1 GB`, `850 MB`. */
export const describeBytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
