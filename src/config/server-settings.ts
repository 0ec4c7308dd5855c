/**
 * THE table of the server's settings: the ancestor's names stay, new ones begin with STT_. `.env.example` and the table in the README
 * are generated from it (`npm run generate`). Nothing here reads anything.
 */
import { languageOrAuto } from '../protocol/languages.ts';
import { sharedSettings } from './shared-settings.ts';
import { type TranscriptFormat, transcriptFormats, transcriptName } from './transcript-settings.ts';
import {
  filePath,
  flag,
  list,
  networkAddress,
  number,
  oneOf,
  setting,
  type Setting,
  text,
  type Values,
} from './setting.ts';

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

export type ServerSettings = Values<typeof serverSettings>;
