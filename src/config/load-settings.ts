/**
 * The edge of the configuration: the only reader of process.env and of the `.env` file in the working directory.
 * Order: command line, environment, `.env`, default.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse as parseEnvFile } from 'dotenv';
import envPaths from 'env-paths';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseSettings } from './parse-settings.ts';
import { serverSettings, type ServerSettings } from './server-settings.ts';
import { workerSettings, type WorkerSettings } from './worker-settings.ts';
import { findUnknownSettings, type UnknownSettings } from './unknown-settings.ts';

/** Command-line flags by the name of the variable they override. */
export type Overrides = Readonly<Record<string, string | undefined>>;

function readEnvFile(file: string): Record<string, string> {
  try {
    return parseEnvFile(readFileSync(file));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return {};
    throw new AppError(`The settings file ${file} cannot be read: ${messageOf(error)}.`, {
      code: 'STT_ENV_FILE',
      hint: 'Make it readable for this user, or move it away.',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

/** What is set, by name, and which of the names are none of ours. */
type Gathered = { record: Record<string, string | undefined>; unknown: UnknownSettings };

function gather(overrides: Overrides): Gathered {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const file = readEnvFile(path.resolve('.env'));
  return {
    record: { ...file, ...process.env, ...given },
    unknown: findUnknownSettings({ environment: namesOf(process.env), envFile: namesOf(file) }),
  };
}

/** Of those that have a value. */
function namesOf(record: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(record).filter((name) => (record[name] ?? '').trim() !== '');
}

export function loadWorkerSettings(overrides: Overrides = {}): WorkerSettings {
  const { record, unknown } = gather(overrides);
  return parseSettings(workerSettings, record, {
    problems: unknown.problems,
    check: ({ authEnabled, username, password, gotifyUrl, gotifyKey }, wrong) => [
      ...(authEnabled && (username === undefined || password === undefined)
        ? ['AUTH_ENABLED is true, but USERNAME or PASSWORD is not set']
        : []),
      ...((gotifyUrl === undefined) === (gotifyKey === undefined) || wrong.has('gotifyUrl')
        ? []
        : ['GOTIFY_URL and GOTIFY_KEY belong together, and one of them is not set']),
    ],
  });
}

export function loadServerSettings(overrides: Overrides = {}): ServerSettings {
  const { record, unknown } = gather(overrides);
  return parseSettings(serverSettings, record, {
    problems: unknown.problems,
    check: ({ tlsCert, tlsKey }) =>
      (tlsCert === undefined) === (tlsKey === undefined)
        ? []
        : ['STT_TLS_CERT and STT_TLS_KEY belong together, and one of them is not set'],
  });
}

/** What to say of names that begin as ours do, and are close to none; undefined where there are none. */
export function strangeSettings(): string | undefined {
  const { strange } = gather({}).unknown;
  return strange.length === 0 ? undefined : `No settings of stt, and ignored: ${strange.join(', ')}.`;
}

/** The data folder: `STT_DATA_DIR`, else the platform's own (`$XDG_DATA_HOME/stt` on Linux). */
export function dataFolder(settings: { dataDir: string | undefined }): string {
  return path.resolve(settings.dataDir ?? envPaths('stt', { suffix: '' }).data);
}

/** A path for people: the home directory as `~`. */
export function shortPath(file: string): string {
  const home = homedir();
  return file.startsWith(home + path.sep) ? `~${file.slice(home.length)}` : file;
}
