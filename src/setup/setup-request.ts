/** What a set-up is asked to do, and what it needs of the outside to do it. */
import { type Clock, systemClock } from '../clock.ts';
import { type DataPaths, dataPaths } from '../config/data-paths.ts';
import { dataFolder } from '../config/load-settings.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import { askOnTerminal } from './ask-on-terminal.ts';
import type { PackageConsent, ProvideToolsOptions } from './packages/install-packages.ts';
import type { Backend } from '../backend.ts';
import { type BundledModel, type Pins, readPins } from './whisper-data.ts';

export type SetupRequest = ProvideToolsOptions & {
  backend: Backend;
  /** A directory or archive of whisper.cpp; undefined: the pinned sources. */
  source: string | undefined;
  /** `NAME=VALUE` for cmake, over the recipe's own. */
  definitions: readonly string[];
  /** Compilers at the same time; undefined: what processors and memory allow. */
  jobs: number | undefined;
  model: BundledModel | undefined;
  /** Build again, and try the release again. */
  isForced: boolean;
  paths: DataPaths;
  pins: Pins;
  releaseUrl: string | undefined;
  clock: Clock;
};

type Surroundings = {
  consent: PackageConsent;
  say: (line: string) => void;
  signal: AbortSignal;
};

/** A set-up of the pinned engine on this machine; callers change what they were asked to. */
export function plainSetupRequest(settings: WorkerSettings, surroundings: Surroundings): SetupRequest {
  return {
    ...surroundings,
    backend: 'cpu',
    source: undefined,
    definitions: [],
    jobs: undefined,
    model: undefined,
    isForced: false,
    ask: process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal : undefined,
    paths: dataPaths(dataFolder(settings)),
    pins: readPins(),
    releaseUrl: settings.whisperSourceUrl,
    clock: systemClock,
  };
}
