/**
 * THE table of settings: the ancestor's names stay, new ones begin with STT_. `.env.example` and the table in the README are
 * generated from it (`npm run generate`). Nothing here reads anything.
 */
import { logLevels, type LogLevel } from '../logger.ts';
import { languageOrAuto } from '../protocol/languages.ts';
import type { Secret } from './secret.ts';
import {
  baseUrl,
  filePath,
  flag,
  httpUrl,
  list,
  number,
  oneOf,
  networkAddress,
  secret,
  type Setting,
  setting,
  text,
} from './setting.ts';
import { type TranscriptFormat, transcriptFormats, transcriptName } from './transcript-settings.ts';

const sharedSettings = {
  dataDir: setting<string | undefined>({
    env: 'STT_DATA_DIR',
    help: 'Where engines, models, the outbox and the task database live.',
    parse: filePath,
    fallback: undefined,
    fallbackText: '`~/.local/share/stt` (the data folder of the platform)',
    example: '/var/lib/stt',
  }),
  logLevel: setting<LogLevel>({
    env: 'STT_LOG_LEVEL',
    help: `How much is logged: ${logLevels.join(', ')}.`,
    parse: oneOf(logLevels),
    fallback: 'info',
  }),
};

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
  threads: setting<number | undefined>({
    env: 'STT_THREADS',
    help: 'CPU threads of the engine, shared by the slots.',
    parse: number({ min: 1, max: 1024 }),
    fallback: undefined,
    fallbackText: 'one per processor, at most 8',
    example: '4',
  }),
  slots: setting<number>({
    env: 'STT_SLOTS',
    help: 'Tasks worked on at the same time.',
    parse: number({ min: 1, max: 64 }),
    fallback: 1,
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

export const serverSettings = {
  audioDir: setting<string | undefined>({
    env: 'AUDIO_DIR',
    help: 'The library: the directory with the recordings. Needed.',
    parse: filePath,
    fallback: undefined,
    fallbackText: 'none, must be set',
    example: '/srv/recordings',
  }),
  host: setting<string>({
    env: 'HOST',
    help: 'The address the server listens on. Beyond loopback it needs tokens (`stt-server worker add`), or STT_INSECURE=true.',
    parse: text,
    fallback: '127.0.0.1',
    example: '0.0.0.0',
  }),
  port: setting<number>({
    env: 'PORT',
    help: 'The port the server listens on; 0 takes a free one.',
    parse: number({ min: 0, max: 65_535 }),
    fallback: 8000,
  }),
  databaseFile: setting<string | undefined>({
    env: 'DB_FILE',
    help: 'The task database (SQLite). `processed.csv` is written beside it.',
    parse: filePath,
    fallback: undefined,
    fallbackText: '`server/tasks.sqlite` in the data folder',
    example: '/var/lib/stt/server/tasks.sqlite',
  }),
  logDir: setting<string | undefined>({
    env: 'LOG_DIR',
    help: 'Also write the log to YYYY-MM-DD.log in this directory.',
    parse: filePath,
    fallback: undefined,
    fallbackText: 'only standard output',
    example: '/var/log/stt',
  }),
  scanSeconds: setting<number>({
    env: 'STT_SCAN_SECONDS',
    help: 'Pause between two scans of the library.',
    parse: number({ min: 1, max: 86_400 }),
    fallback: 60,
  }),
  extensions: setting<readonly string[]>({
    env: 'STT_EXTENSIONS',
    help: 'File name endings that are recordings.',
    parse: list((item) => {
      const extension = item.toLowerCase().replace(/^\./u, '');
      if (!/^[a-z0-9]{1,10}$/u.test(extension)) throw new Error(`"${item}" is not a file name ending like mp3`);
      return extension;
    }),
    fallback: ['mp3', 'wav', 'flac', 'ogg', 'opus', 'm4a', 'mp4', 'mkv', 'webm'],
    fallbackText: '`mp3,wav,flac,ogg,opus,m4a,mp4,mkv,webm`',
  }),
  defaultLanguage: setting<string | undefined>({
    env: 'STT_DEFAULT_LANGUAGE',
    help: 'The language (ISO 639-1, or `auto`) of recordings whose sidecar does not state one. Unset: those are not offered.',
    parse: languageOrAuto,
    fallback: undefined,
    fallbackText: 'none',
    example: 'en',
  }),
  legacyLeaseHours: setting<number>({
    env: 'STT_LEGACY_LEASE_HOURS',
    help: 'How long a worker that cannot send heartbeats (the ancestor) may keep a task.',
    parse: number({ min: 0.01, max: 1000, whole: false }),
    fallback: 6,
  }),
  leaseSeconds: setting<number>({
    env: 'STT_LEASE_SECONDS',
    help: 'How long a lease lasts without a heartbeat.',
    parse: number({ min: 2, max: 3600 }),
    fallback: 90,
  }),
  maxAttempts: setting<number>({
    env: 'STT_MAX_ATTEMPTS',
    help: 'After so many failed or lost attempts a task is dead.',
    parse: number({ min: 1, max: 100 }),
    fallback: 5,
  }),
  order: setting<'oldest' | 'newest' | 'shortest'>({
    env: 'STT_ORDER',
    help: 'Which pending task goes first: the oldest, the newest, or the one with the shortest (smallest) recording.',
    parse: oneOf(['oldest', 'newest', 'shortest']),
    fallback: 'oldest',
  }),
  transcriptName: setting<string>({
    env: 'STT_TRANSCRIPT_NAME',
    help: 'The name of a transcript: {stem} is the name of the recording without its ending, {lang} its language.',
    parse: transcriptName,
    fallback: '{stem}.vtt',
    example: '{stem}.{lang}.vtt',
  }),
  formats: setting<readonly TranscriptFormat[]>({
    env: 'STT_FORMATS',
    help: 'What is written beside a recording: vtt always, and of srt, txt and json what is named.',
    parse: transcriptFormats,
    fallback: ['vtt'],
    fallbackText: '`vtt`',
    example: 'vtt,srt,txt,json',
  }),
  settleSeconds: setting<number>({
    env: 'STT_SETTLE_SECONDS',
    help: 'A recording that changed within so many seconds is taken for one that is still being copied, and not offered yet.',
    parse: number({ min: 0, max: 3600, whole: false }),
    fallback: 2,
  }),
  watch: setting<boolean>({
    env: 'STT_WATCH',
    help: 'Notice new recordings at once where the file system tells of them; the scan finds the rest.',
    parse: flag,
    fallback: true,
  }),
  auth: setting<boolean | undefined>({
    env: 'STT_AUTH',
    help: 'Whether workers need a token (`stt-server worker add`). Unset: as soon as one was made.',
    parse: flag,
    fallback: undefined,
    fallbackText: 'on where a token was made',
    example: 'true',
  }),
  insecure: setting<boolean>({
    env: 'STT_INSECURE',
    help: 'Listen on other addresses than loopback without authentication: everybody there may fetch recordings and write transcripts.',
    parse: flag,
    fallback: false,
  }),
  trustedProxies: setting<readonly string[]>({
    env: 'STT_TRUSTED_PROXIES',
    help: 'Addresses or networks of proxies whose X-Forwarded-For is believed.',
    parse: list(networkAddress),
    fallback: [],
    fallbackText: 'none',
    example: '127.0.0.1,10.0.0.0/8',
  }),
  tlsCert: setting<string | undefined>({
    env: 'STT_TLS_CERT',
    help: 'Certificate chain (PEM): the server speaks HTTPS itself. Read anew when it changes.',
    parse: filePath,
    fallback: undefined,
    fallbackText: 'none, plain HTTP',
    example: '/etc/stt/tls.crt',
  }),
  tlsKey: setting<string | undefined>({
    env: 'STT_TLS_KEY',
    help: 'Private key (PEM) of STT_TLS_CERT.',
    parse: filePath,
    fallback: undefined,
    fallbackText: 'none',
    example: '/etc/stt/tls.key',
  }),
  ...sharedSettings,
} satisfies Record<string, Setting<unknown>>;

/** Settings of the ancestor that are read in a later release; a worker that finds one says so instead of ignoring it. */
export const laterSettings = ['CRON', 'PROCESSING_HOURS', 'GOTIFY_URL', 'GOTIFY_KEY'] as const;

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;
export type Values<Table extends SettingsTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer T> ? T : never;
};
export type WorkerSettings = Values<typeof workerSettings>;
export type ServerSettings = Values<typeof serverSettings>;
