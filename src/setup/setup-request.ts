/** What a set-up is asked to do, and what it needs of the outside to do it. */
import type { Backend } from '../backend.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type DataPaths, dataPaths } from '../config/data-paths.ts';
import { dataFolder, proxyEnvironment } from '../config/load-settings.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { ProxyEnvironment } from '../download/proxy-agents.ts';
import type { RunChoices, RunOptions } from '../engine/run-options.ts';
import { askOnTerminal } from './ask-on-terminal.ts';
import type { Machine } from './detect/machine.ts';
import type { Recommendation } from './detect/recommend-backend.ts';
import type { PackageConsent, ProvideNeedsOptions } from './packages/install-packages.ts';
import { type Pins, readPins } from './whisper-data.ts';

/** An engine that is to be made; see `resolveSetup`. */
export type SetupRequest = ProvideNeedsOptions & {
  backend: Backend;
  /** A directory or archive of whisper.cpp; undefined: the pinned sources. */
  source: string | undefined;
  /** `NAME=VALUE` for cmake, over the recipe's own. */
  definitions: readonly string[];
  /** Compilers at the same time; undefined: what processors and memory allow. */
  jobs: number | undefined;
  /** Build again, and try the release again. */
  isForced: boolean;
  /** Where the engine is to run; absent: nothing is known of it. */
  machine?: Machine | undefined;
  /** Of the ways to build an engine: `all`, and the fastest is kept. Default: `first`. */
  variants?: 'all' | 'first';
  /** For another machine: it is built and started once, and not tried. */
  isBuildOnly?: boolean;
  /** What the engine is told at each start; absent: what its record says, at first nothing. */
  run?: RunOptions | undefined;
  /** What the user says of the engine. */
  choices?: RunChoices | undefined;
  paths: DataPaths;
  pins: Pins;
  releaseUrl: string | undefined;
  proxy?: ProxyEnvironment | undefined;
  clock: Clock;
};

export type ModelWish =
  | { kind: 'named'; name: string }
  /** One of the user's own: it is left as it is. */
  | { kind: 'file'; file: string }
  /** One that is there, else the one that suits the machine. */
  | { kind: 'choose' };

/** What a person asks for; what they leave open is decided from what the machine is. */
export type SetupWishes = Omit<SetupRequest, 'backend' | 'run'> & {
  /** Undefined: that of the engine in use; where there is none, as `auto`. */
  backend: Backend | 'auto' | undefined;
  /** Asked where there is no engine yet and no backend was named. */
  chooseBackend?: ((recommendation: Recommendation, signal: AbortSignal) => Promise<Backend>) | undefined;
  /** Undefined: none. */
  model?: ModelWish | undefined;
  /** With a model for speech, also that for voice activity detection. */
  wantsVad?: boolean;
  /** A mirror of the models. */
  modelBaseUrl?: string | undefined;
  /** Say what the reference environment is, where this is another one. */
  saysReference?: boolean;
};

type Surroundings = {
  consent: PackageConsent;
  say: (line: string) => void;
  signal: AbortSignal;
};

/** A set-up of the pinned engine on this machine, with no model; callers change what they were asked to. */
export function plainSetupWishes(settings: WorkerSettings, surroundings: Surroundings): SetupWishes {
  const { flashAttention, engineEnvironment, whisperSourceUrl, modelBaseUrl } = settings;
  return {
    ...surroundings,
    backend: undefined,
    source: undefined,
    definitions: [],
    jobs: undefined,
    isForced: false,
    choices: { flashAttention, ...(engineEnvironment === undefined ? {} : { engineEnvironment }) },
    ask: process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal : undefined,
    paths: dataPaths(dataFolder(settings)),
    pins: readPins(),
    releaseUrl: whisperSourceUrl,
    modelBaseUrl,
    proxy: proxyEnvironment(),
    clock: systemClock,
  };
}
