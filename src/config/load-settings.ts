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
import { parseSettings, settingsError } from './parse-settings.ts';
import { laterSettings, serverSettings, type ServerSettings, workerSettings, type WorkerSettings } from './settings.ts';

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

function gather(overrides: Overrides): Record<string, string | undefined> {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  return { ...readEnvFile(path.resolve('.env')), ...process.env, ...given };
}

export function loadWorkerSettings(overrides: Overrides = {}): WorkerSettings {
  const settings = parseSettings(workerSettings, gather(overrides));
  if (settings.authEnabled && (settings.username === undefined || settings.password === undefined)) {
    throw settingsError(['AUTH_ENABLED is true, but USERNAME or PASSWORD is not set']);
  }
  return settings;
}

export function loadServerSettings(overrides: Overrides = {}): ServerSettings {
  return parseSettings(serverSettings, gather(overrides));
}

/** Settings of the ancestor that are present but not read yet. */
export function presentLaterSettings(): string[] {
  const record = gather({});
  return laterSettings.filter((name) => (record[name] ?? '') !== '');
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
