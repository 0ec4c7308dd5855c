/**
 * Whether a service, which is another user, can reach and read what it is to run. A home that is closed, and what lies below /root or
 * in a folder for temporary files, it cannot.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { mayUser } from './account.ts';
import { printable } from '../printable.ts';
import { at, type Host, realFile } from './host.ts';
import { textOf } from './installed-service.ts';
import { isBelow } from './render-unit.ts';
import { type ServiceProgram, systemDataFolder } from './service-program.ts';

export type Reachable =
  | { kind: 'yes'; realFile: string }
  | { kind: 'missing' }
  /** `place` is what is in the way. */
  | { kind: 'closed'; place: string; isFile: boolean }
  /** The unit hides it from the service. */
  | { kind: 'hidden'; place: string };

/** Of others than its owner and group, which is what the service is. */
const mayRead = 0o004;
const mayPass = 0o001;

/** @param file a path of the machine, links in it are followed. */
export async function reachable(host: Host, file: string): Promise<Reachable> {
  const real = await realFile(host, file);
  if (real === undefined) return { kind: 'missing' };
  for (const place of ['/root', '/tmp', '/var/tmp', '/run/user']) {
    if (isBelow(place, real)) return { kind: 'hidden', place };
  }
  for (const way of new Set([file, real])) {
    const closed = await closedPlace(host, way);
    if (closed !== undefined) return { kind: 'closed', place: closed, isFile: closed === way };
  }
  return { kind: 'yes', realFile: real };
}

async function closedPlace(host: Host, file: string): Promise<string | undefined> {
  for (const folder of foldersAbove(file)) {
    if (((await modeOf(host, folder)) & mayPass) === 0) return folder;
  }
  const needed = (await isFolder(host, file)) ? mayRead | mayPass : mayRead;
  return ((await modeOf(host, file)) & needed) === needed ? undefined : file;
}

/** From the top down. */
function foldersAbove(file: string): string[] {
  const folder = path.dirname(file);
  return folder === file ? [] : [...foldersAbove(folder), folder];
}

async function modeOf(host: Host, file: string): Promise<number> {
  try {
    return (await stat(at(host, file))).mode;
  } catch {
    return 0;
  }
}

async function isFolder(host: Host, file: string): Promise<boolean> {
  return ((await modeOf(host, file)) & 0o170_000) === 0o040_000;
}

type ReadRequest = {
  host: Host;
  program: ServiceProgram;
  /** Whom the service runs as. */
  user: string;
  /** One that is made for the service: it owns nothing, and is in no group. */
  isOwnUser: boolean;
  file: string;
  signal: AbortSignal;
};

/** @returns the file without links. @throws AppError that says what is in the way, and what to do. */
export async function canBeRead({ host, program, user, isOwnUser, file, signal }: ReadRequest): Promise<string> {
  const found = await reachable(host, file);
  if (found.kind === 'yes') return found.realFile;
  if (found.kind === 'closed' && !isOwnUser && (await mayUser(user, 'r', at(host, file), signal, host)) === true) {
    return (await realFile(host, file)) ?? file;
  }
  throw new AppError(`The service cannot read ${file}: ${await whyNot(found, user, host)}.`, {
    code: 'STT_SERVICE_READ',
    hint: isBelow(systemDataFolder, file)
      ? `Open what "stt setup" made: sudo chmod -R o+rX ${systemDataFolder}/engines ${systemDataFolder}/models ${systemDataFolder}/whisper`
      : `Install stt and Node.js for all users (as root: npm install --global), or make a service of your own: ${program.bin} install-service --user`,
    exitCode: exitCodes.config,
  });
}

async function whyNot(found: Exclude<Reachable, { kind: 'yes' }>, user: string, host: Host): Promise<string> {
  if (found.kind === 'missing') return 'it is not there';
  if (found.kind === 'hidden') return `services see nothing below ${found.place}`;
  const { place, isFile } = found;
  const what = isFile ? `it is there, but may not be read: ${place}` : place;
  return `${what} is closed to ${user}${await describeRights(host, place)}`;
}

/** Nothing where we may not look ourselves. */
async function describeRights(host: Host, file: string): Promise<string> {
  const found = await stat(at(host, file)).catch(() => undefined);
  if (found === undefined) return '';
  const owner = found.uid === 0 ? 'root' : await nameOf(host, found.uid);
  return ` (it belongs to ${owner}, mode ${(found.mode & 0o7777).toString(8).padStart(4, '0')})`;
}

async function nameOf(host: Host, uid: number): Promise<string> {
  const users = ((await textOf(host, '/etc/passwd')) ?? '').split('\n').map((line) => line.split(':'));
  return printable(users.find(([, , id]) => id === String(uid))?.[0] ?? `user ${uid}`);
}
