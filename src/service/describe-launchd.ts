/** What launchd is to know of a service: how it is started, as whom, with what, and how long it may take to end. Only looks. */
import path from 'node:path';
import { type EnvRecord, parseEnvText } from '../config/env-file.ts';
import { workerSettings } from '../config/worker-settings.ts';
import { textOf } from './installed-service.ts';
import type { InstallWishes } from './install-wishes.ts';
import type { LaunchdPlace } from './launchd-place.ts';
import { plistCommand, plistEnvironment, type PlistService } from './launchd-plist.ts';

/** @param userName of a service of the machine, which has the settings of that user. @param present the property list as it is. */
export async function describeLaunchd(
  wishes: InstallWishes,
  { logFile }: LaunchdPlace,
  { userName, present = '' }: { userName: string | undefined; present: string | undefined },
): Promise<PlistService> {
  const { program, host, userEnvironment } = wishes;
  const isWorker = program.kind === 'worker';
  const home = userName === undefined ? host.home : `/Users/${userName}`;
  const { PATH: own = '', ...environment } = userName === undefined ? withPresent(userEnvironment, present) : {};
  const args = program.args.length === 0 ? ['serve'] : program.args;
  return {
    label: program.label,
    command: [host.node, host.script, ...args, ...(userName === undefined ? [] : libraryFlag(wishes, present))],
    environment: { HOME: home, PATH: searchPath(own, host.node), ...environment },
    logFile,
    workingFolder: home,
    userName,
    niceness: isWorker ? 10 : 0,
    // Transcripts beside the recordings are for everybody who may read those.
    umask: isWorker ? 0o077 : 0o022,
    exitTimeoutSeconds: isWorker ? (await stopSeconds(wishes, userName)) + marginSeconds : 45,
  };
}

/** As in the unit of systemd: a shell that says nothing of these takes nothing away. */
function withPresent(wanted: EnvRecord, present: string): EnvRecord {
  const { PATH, LD_LIBRARY_PATH } = plistEnvironment(present);
  const [node = ''] = plistCommand(present);
  // Before all others stood the folder of its Node.js, which may be another one now.
  const own = PATH?.split(':').filter((folder) => folder !== path.dirname(node));
  return {
    ...wanted,
    ...(own === undefined || wanted['PATH'] !== undefined ? {} : { PATH: own.join(':') }),
    ...(LD_LIBRARY_PATH === undefined || wanted['LD_LIBRARY_PATH'] !== undefined ? {} : { LD_LIBRARY_PATH }),
  };
}

/** As in the unit of systemd. */
const marginSeconds = 15;

/** Of the login's PATH launchd knows nothing, and ffmpeg lies where Homebrew puts it. */
function searchPath(own: string, node: string): string {
  const folders = ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  return [...new Set([path.dirname(node), ...own.split(':').filter(Boolean), ...folders])].join(':');
}

/** The settings of the user that it runs as are not root's to write: what is named stands in the list itself, and stays there. */
function libraryFlag({ library }: InstallWishes, present: string): string[] {
  const before = plistCommand(present);
  const at = before.indexOf('--library');
  const folder = library ?? (at < 0 ? undefined : before[at + 1]);
  return folder === undefined ? [] : ['--library', folder];
}

/** launchd cannot be asked for more time, as systemd is, so it has to know. What is wrong in the settings the worker itself says. */
async function stopSeconds({ host, userSettingsFile }: InstallWishes, userName: string | undefined): Promise<number> {
  const file = userName === undefined ? userSettingsFile : `/Users/${userName}/Library/Preferences/stt/worker.env`;
  const { env, fallback, parse } = workerSettings.stopSeconds;
  const given = parseEnvText((await textOf(host, file)) ?? '')[env]?.trim() ?? '';
  try {
    return given === '' ? fallback : parse(given);
  } catch {
    return fallback;
  }
}
