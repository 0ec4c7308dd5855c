/** Which engines there are in the data folder, whole or half, for `stt setup --list`. Only looks. */
import path from 'node:path';
import type { Backend } from '../../backend.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { describeSource } from './engine-record.ts';
import { engineNames, findBroken, isInUse, readEngineRecord, readSourceRecord } from './engine-store.ts';

export type ListedEngine = {
  /** Of its folder; what `--use` takes. */
  name: string;
  folder: string;
  /**
   * `proven`: it transcribed here. `unproven`: complete, and not tried. `damaged`: a program of it is gone. `unfinished`: an
   * interrupted or failed build, which the next set-up for it goes on with.
   */
  state: 'proven' | 'unproven' | 'damaged' | 'unfinished';
  isInUse: boolean;
  /** These are absent where nothing is written about it yet. */
  backend?: Backend;
  version?: string;
  /** For people: where it came from. */
  source?: string;
  builtAt?: string;
  /** `plain`, `openblas`, where there was a choice. */
  variant?: string;
  /** These are of the proof. */
  device?: string;
  /** Names of the GPUs that it found. */
  devices?: readonly string[];
  model?: string;
  /** Seconds of the sample per second. */
  speed?: number;
};

/** The newest first; what is not complete comes last. */
export async function listEngines(paths: DataPaths): Promise<ListedEngine[]> {
  const names = await engineNames(paths);
  const engines = await Promise.all(names.map((name) => look(paths, name)));
  // Names come sorted, and keep their order where the time is the same.
  return engines.toSorted((one, other) => (other.builtAt ?? '').localeCompare(one.builtAt ?? '', 'en'));
}

async function look(paths: DataPaths, name: string): Promise<ListedEngine> {
  const folder = path.join(paths.engines, name);
  const common = { name, folder, isInUse: await isInUse(paths, folder) };
  const record = await readEngineRecord(folder);
  if (record === undefined) {
    const begun = await readSourceRecord(folder);
    if (begun === undefined) return { ...common, state: 'unfinished' };
    const { backend, source } = begun;
    return { ...common, state: 'unfinished', backend, version: source.version, source: describeSource(source) };
  }
  const { backend, source, builtAt, variant, proof, targets } = record;
  const isDamaged = (await findBroken(folder, targets)).length > 0;
  return {
    ...common,
    state: isDamaged ? 'damaged' : proof === undefined ? 'unproven' : 'proven',
    backend,
    version: source.version,
    source: describeSource(source),
    builtAt,
    ...(variant === undefined ? {} : { variant: variant.name }),
    ...(proof === undefined ? {} : { device: proof.device, devices: proof.devices, model: proof.model.name }),
    ...(proof === undefined ? {} : { speed: proof.speed }),
  };
}
