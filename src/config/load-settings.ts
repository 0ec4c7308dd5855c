/**
 * The edge of the configuration: the only reader of process.env and of the settings files. Order: command line, environment, secrets
 * that systemd hands over as credentials, `.env` in the working directory, the program's own file, default.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import envPaths from 'env-paths';
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { secretCredentials } from './credentials.ts';
import type { EnvRecord } from './env-file.ts';
import { withholdSecrets } from './open-secrets.ts';
import { parseSettings } from './parse-settings.ts';
import { type EnvFile, readEnvFile, readOwnEnvFile } from './read-env-file.ts';
import { serverSettings, type ServerSettings } from './server-settings.ts';
import { filePath, isSecret } from './setting.ts';
import { envFileName, findUnknownSettings, isEngineName, type UnknownSettings } from './unknown-settings.ts';
import { checkWorkerSettings, workerSettings, type WorkerSettings } from './worker-settings.ts';

/** Command-line flags by the name of the variable they override. */
export type Overrides = Readonly<Record<string, string | undefined>>;

/** One place where settings stand. `file` is undefined for the environment. */
export type SettingSource = { file: string | undefined; record: EnvRecord };

/** What systemd tells a service by its environment. */
export function serviceVariables() {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, CREDENTIALS_DIRECTORY, JOURNAL_STREAM } = process.env;
  return {
    notifySocket: NOTIFY_SOCKET,
    watchdogUsec: WATCHDOG_USEC,
    watchdogPid: WATCHDOG_PID,
    credentialsFolder: CREDENTIALS_DIRECTORY,
    journalStream: JOURNAL_STREAM,
  };
}

/** Where the worker's settings stand besides the command line; the first one that has a name counts. */
export function workerSources(): SettingSource[] {
  const own = readOwnFile(workerEnvFile());
  const used = own.isOpen ? { ...own, record: withholdSecrets(own.record).record } : own;
  return sourcesOf(beside(used, workerEnvFile()), secretNames);
}

const secretNames = Object.values(workerSettings)
  .filter(isSecret)
  .map(({ env }) => env);

/** The server knows no secret settings: its tokens lie in the database. */
export const serverSources = (): SettingSource[] =>
  sourcesOf(beside(readOwnFile(serverEnvFile()), serverEnvFile()), []);

const readOwnFile = (file: string): EnvFile => readOwnEnvFile(file, serviceVariables().credentialsFolder);

/** The files, that of the working directory first; it may be the own one. */
function beside(own: EnvFile, ownFile: string): EnvFile[] {
  const local = path.resolve('.env');
  return local === ownFile ? [own] : [readEnvFile(local), own];
}

function sourcesOf(files: readonly EnvFile[], secrets: readonly string[]): SettingSource[] {
  return [
    { file: undefined, record: environmentBeside(files) },
    ...secretCredentials(serviceVariables().credentialsFolder, secrets),
    ...files.map(({ file, record }) => ({ file, record })),
  ];
}

/**
 * GNOME's login and Windows put the login name into USERNAME. Where a file names another, that one is meant: the environment would
 * have said the PASSWORD with it.
 */
function environmentBeside(files: readonly EnvFile[]): EnvRecord {
  const { USERNAME, USER, LOGNAME, PASSWORD } = process.env;
  const isLoginName = [USER, LOGNAME].includes(USERNAME) || process.platform === 'win32';
  const isMeant =
    !isLoginName || PASSWORD !== undefined || !files.some(({ record }) => record['USERNAME'] !== undefined);
  const given = Object.entries(process.env).filter(([name]) => name !== 'USERNAME' || isMeant);
  return Object.fromEntries(given) as EnvRecord;
}

/** The worker's own settings file: `STT_ENV_FILE`, else in the platform's config folder, for root in /etc. */
export const workerEnvFile = (): string => ownFile('worker.env');

/** The server's, found in the same way. */
export const serverEnvFile = (): string => ownFile('server.env');

function ownFile(name: string): string {
  const named = namedFile();
  if (named !== '') return path.resolve(checkedPath(named));
  return path.join(isRoot() ? '/etc/stt' : envPaths('stt', { suffix: '' }).config, name);
}

const namedFile = (): string => process.env[envFileName]?.trim() ?? '';

const isRoot = (): boolean => process.getuid?.() === 0;

function checkedPath(named: string): string {
  try {
    return filePath(named);
  } catch (error) {
    throw new AppError(`${envFileName} is wrong: ${messageOf(error)}.`, {
      code: 'STT_SETTINGS',
      hint: 'Mend it in the environment.',
      exitCode: exitCodes.config,
    });
  }
}

function merged(sources: readonly SettingSource[], overrides: Overrides): Record<string, string | undefined> {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return Object.assign({}, ...sources.map(({ record }) => record).toReversed(), Object.fromEntries(given));
}

export function unknownIn(sources: readonly SettingSource[]): UnknownSettings {
  return findUnknownSettings({
    environment: sources.filter(({ file }) => file === undefined).flatMap(({ record }) => namesOf(record)),
    envFile: sources.filter(({ file }) => file !== undefined).flatMap(({ record }) => namesOf(record)),
  });
}

/** Of those that have a value. */
function namesOf(record: EnvRecord): string[] {
  return Object.keys(record).filter((name) => (record[name] ?? '').trim() !== '');
}

export function loadWorkerSettings(overrides: Overrides = {}): WorkerSettings {
  const sources = workerSources();
  const record = merged(sources, overrides);
  const settings = parseSettings(workerSettings, record, {
    problems: unknownIn(sources).problems,
    check: checkWorkerSettings,
    places:
      'in the environment, in .env, in the settings file of the worker, or on the command line; "stt config" shows which',
  });
  const engineNames = Object.entries(record).filter(([name, value]) => isEngineName(name) && value?.trim() !== '');
  return { ...settings, engineEnvironment: Object.fromEntries(engineNames) as EnvRecord };
}

export function loadServerSettings(overrides: Overrides = {}): ServerSettings {
  const sources = serverSources();
  return parseSettings(serverSettings, merged(sources, overrides), {
    problems: unknownIn(sources).problems,
    check: ({ tlsCert, tlsKey }) =>
      (tlsCert === undefined) === (tlsKey === undefined)
        ? []
        : ['STT_TLS_CERT and STT_TLS_KEY belong together, and one of them is not set'],
    places: 'in the environment, in .env, in the settings file of the server, or on the command line',
  });
}

/** What a worker has to say of its settings besides; nothing of it keeps it from working. */
export function settingsWarnings(): string[] {
  const file = workerEnvFile();
  const own = readOwnFile(file);
  const secret = own.isOpen ? withholdSecrets(own.record).names : [];
  return [
    ...strangeIn(workerSources()),
    ...missingFile(own),
    ...(secret.length === 0
      ? []
      : [
          `Others may read ${file}, so what is secret in it is ignored: ${secret.join(', ')}. Close it: chmod 600 ${file}`,
        ]),
  ];
}

/** The same for a server. */
export const serverWarnings = (): string[] => [
  ...strangeIn(serverSources()),
  ...missingFile(readOwnFile(serverEnvFile())),
];

/** Names that begin as ours do, and are close to none. */
function strangeIn(sources: readonly SettingSource[]): string[] {
  const { strange } = unknownIn(sources);
  return strange.length === 0 ? [] : [`No settings of stt, and ignored: ${strange.join(', ')}.`];
}

const missingFile = ({ file, isThere }: EnvFile): string[] =>
  namedFile() === '' || isThere ? [] : [`${envFileName} names ${file}, and there is no such file.`];

/** Whether it is set, in whatever place; else it has its default. */
export const isGiven = (name: string): boolean =>
  workerSources().some(({ record }) => (record[name] ?? '').trim() !== '');

/** The data folder: `STT_DATA_DIR`, else that of the services for root, the platform's own (`$XDG_DATA_HOME/stt` on Linux) for others. */
export function dataFolder(settings: { dataDir: string | undefined }): string {
  return path.resolve(settings.dataDir ?? (isRoot() ? '/var/lib/stt' : envPaths('stt', { suffix: '' }).data));
}

/** A path for people: the home directory as `~`. */
export function shortPath(file: string): string {
  const home = homedir();
  return file.startsWith(home + path.sep) ? `~${file.slice(home.length)}` : file;
}

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'] as const;
export type ProxyVariables = Partial<Record<(typeof proxyVariables)[number], string>>;

/** The proxy that all programs on this machine are told of; written in small letters as well, which go first. */
export function proxyEnvironment(): ProxyVariables {
  const found = proxyVariables.map((name) => [name, process.env[name.toLowerCase()] ?? process.env[name]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined && value.trim() !== ''));
}
