/**
 * THE table of the worker's settings: the ancestor's names stay, new ones begin with STT_. `.env.example` and the table in the README
 * are generated from it (`npm run generate`). Nothing here reads anything.
 */
import type { Secret } from './secret.ts';
import { sharedSettings } from './shared-settings.ts';
import {
  baseUrl,
  filePath,
  flag,
  httpUrl,
  number,
  plainBaseUrl,
  secret,
  setting,
  type Setting,
  text,
  type Values,
} from './setting.ts';

export const workerSettings = {
  serverUrl: setting<string>({
    env: 'SERVER_URL',
    help: 'The server that hands out tasks.',
    parse: baseUrl,
    fallback: 'http://localhost:8000',
    example: 'http://server:8000',
  }),
  authEnabled: setting<boolean>({
    env: 'AUTH_ENABLED',
    help: 'Send USERNAME and PASSWORD (HTTP Basic), for a server behind a proxy that asks for them.',
    parse: flag,
    fallback: false,
  }),
  username: setting<string | undefined>({
    env: 'USERNAME',
    help: 'User name for HTTP Basic; only read when AUTH_ENABLED is true.',
    parse: text,
    fallback: undefined,
    fallbackText: 'none',
  }),
  password: setting<Secret | undefined>({
    env: 'PASSWORD',
    help: 'Password for HTTP Basic; only read when AUTH_ENABLED is true.',
    parse: secret,
    isExact: true,
    fallback: undefined,
    fallbackText: 'none',
  }),
  token: setting<Secret | undefined>({
    env: 'STT_TOKEN',
    help: 'The token of this worker, from `stt-server worker add` on the server; sent instead of USERNAME and PASSWORD.',
    parse: secret,
    fallback: undefined,
    fallbackText: 'none',
  }),
  nodeName: setting<string | undefined>({
    env: 'NODE_NAME',
    help: 'The name of this worker in the logs of the server.',
    parse: text,
    fallback: undefined,
    fallbackText: 'the host name',
    example: 'gaming-pc',
  }),
  model: setting<string>({
    env: 'STT_MODEL',
    help: 'The Whisper model: a path, or NAME for `models/ggml-NAME.bin` in the data folder. `demo-digits` is the bundled model for trying things out; it knows spoken digits only.',
    parse: filePath,
    fallback: 'medium',
    example: 'large-v3-turbo',
  }),
  whisperCli: setting<string | undefined>({
    env: 'STT_WHISPER_CLI',
    help: 'A whisper-cli to use instead of the one that `stt setup` built.',
    parse: filePath,
    fallback: undefined,
    fallbackText: '`whisper/whisper.cpp/build/bin/whisper-cli` in the data folder',
    example: '/usr/bin/whisper-cli',
  }),
  whisperSourceUrl: setting<string | undefined>({
    env: 'STT_WHISPER_SOURCE_URL',
    help: 'Where `stt setup` fetches the pinned whisper.cpp release instead: a mirror. The bytes must be the same.',
    parse: httpUrl,
    fallback: undefined,
    fallbackText: 'the release page on GitHub',
    example: 'https://mirror.example/whisper.cpp-1.9.5.tar.gz',
  }),
  flashAttention: setting<boolean | undefined>({
    env: 'STT_FLASH_ATTENTION',
    help: 'Flash attention in the engine: faster on most machines; some older GPUs compute wrongly with it.',
    parse: flag,
    fallback: undefined,
    fallbackText: 'as `stt setup` found for this machine',
    example: 'false',
  }),
  modelBaseUrl: setting<string | undefined>({
    env: 'STT_MODEL_BASE_URL',
    help: 'Where `stt models download` fetches models instead: a folder of files like `ggml-medium.bin`. The bytes must be the same.',
    parse: baseUrl,
    fallback: undefined,
    fallbackText: 'the official places on huggingface.co',
    example: 'https://mirror.example/whisper-models',
  }),
  threads: setting<number | undefined>({
    env: 'STT_THREADS',
    help: 'CPU threads of the engine, shared by the slots.',
    parse: number({ min: 1, max: 1024 }),
    fallback: undefined,
    fallbackText: 'one per processor, at most 8',
    example: '4',
  }),
  slots: setting<number | undefined>({
    env: 'STT_SLOTS',
    help: 'Tasks worked on at the same time, each by an engine of its own.',
    parse: number({ min: 1, max: 64 }),
    fallback: undefined,
    fallbackText: 'one for each GPU, at least 1',
    example: '2',
  }),
  prefetch: setting<number>({
    env: 'STT_PREFETCH',
    help: 'Recordings that are claimed, downloaded and decoded ahead for each slot, shortly before its engine is free, so that it never waits.',
    parse: number({ min: 0, max: 16 }),
    fallback: 1,
  }),
  cron: setting<string | undefined>({
    env: 'CRON',
    help: 'When the worker begins to work, as a cron expression in local time (TZ); it works for PROCESSING_HOURS then. Unset: always.',
    parse: text,
    fallback: undefined,
    fallbackText: 'always',
    example: '0 22 * * *',
  }),
  processingHours: setting<number>({
    env: 'PROCESSING_HOURS',
    help: 'How long the worker works from each start that CRON names; 0 or less: without end.',
    parse: number({ min: -8760, max: 8760, whole: false }),
    fallback: 1,
  }),
  graceMinutes: setting<number>({
    env: 'STT_GRACE_MINUTES',
    help: 'At the end of the working hours, or when paused, a task that will be done within so many minutes is finished; others are handed back.',
    parse: number({ min: 0, max: 1440, whole: false }),
    fallback: 10,
  }),
  stopSeconds: setting<number>({
    env: 'STT_STOP_SECONDS',
    help: 'A worker that is stopped finishes what will be done within so many seconds, and hands the rest back at once.',
    parse: number({ min: 5, max: 86_400 }),
    fallback: 30,
  }),
  gotifyUrl: setting<string | undefined>({
    env: 'GOTIFY_URL',
    help: 'A Gotify server that is told of failures.',
    parse: plainBaseUrl,
    fallback: undefined,
    fallbackText: 'none',
    example: 'https://gotify.example',
  }),
  gotifyKey: setting<Secret | undefined>({
    env: 'GOTIFY_KEY',
    help: 'The application token for GOTIFY_URL.',
    parse: secret,
    fallback: undefined,
    fallbackText: 'none',
  }),
  vadEnabled: setting<boolean | undefined>({
    env: 'VAD_ENABLED',
    help: 'Voice activity detection: true needs VAD_MODEL; unset means: on where a VAD model is found.',
    parse: flag,
    fallback: undefined,
    fallbackText: 'on where a model is found',
    example: 'true',
  }),
  vadModel: setting<string | undefined>({
    env: 'VAD_MODEL',
    help: 'The silero model for voice activity detection.',
    parse: filePath,
    fallback: undefined,
    fallbackText: '`models/ggml-silero-v6.2.0.bin` in the data folder',
    example: '/var/lib/stt/models/ggml-silero-v6.2.0.bin',
  }),
  ...sharedSettings,
} satisfies Record<string, Setting<unknown>>;

export type WorkerSettings = Values<typeof workerSettings> & {
  /** What ggml reads itself, for the engine: every GGML_* that is set. It is no row of the table: the names are ggml's. */
  readonly engineEnvironment?: Readonly<Record<string, string>>;
};

/** What is wrong with values together. @param wrong keys whose own value is wrong: they came as their defaults. */
export function checkWorkerSettings(
  { authEnabled, username, password, gotifyUrl, gotifyKey }: Values<typeof workerSettings>,
  wrong: ReadonlySet<string>,
): string[] {
  return [
    ...(authEnabled && (username === undefined || password === undefined)
      ? ['AUTH_ENABLED is true, but USERNAME or PASSWORD is not set']
      : []),
    ...((gotifyUrl === undefined) === (gotifyKey === undefined) || wrong.has('gotifyUrl')
      ? []
      : ['GOTIFY_URL and GOTIFY_KEY belong together, and one of them is not set']),
  ];
}
