/** The library of a server that is a service of the machine: where its settings say it lies, and whether the service will get there. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { commandLine } from '../command-line.ts';
import { parseEnvText } from '../config/env-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { mayUser } from './account.ts';
import { at, type Host, realFile } from './host.ts';
import { textOf } from './installed-service.ts';
import type { InstallWishes } from './install-wishes.ts';
import { type Account, isBelow, type LibraryPlace } from './render-unit.ts';
import { serverProgram, systemDataFolder } from './service-program.ts';

export type Library = LibraryPlace;

/** @returns undefined where the settings name none. @throws AppError where a service cannot have it there, or what it writes besides. */
export async function findLibrary({
  program,
  host,
  library,
  firstSettings,
}: InstallWishes): Promise<Library | undefined> {
  const settings = await textOf(host, program.settingsFile);
  const record = settings === undefined ? firstSettings : parseEnvText(settings);
  const folder = library ?? (record['AUDIO_DIR'] ?? '').trim();
  const written = await writtenBeside(host, record, program.settingsFile);
  if (folder === '') return undefined;
  if (!path.isAbsolute(folder)) throw noLibrary(folder, 'it has to be a whole path');
  const place = await placeOf(host, folder);
  if (place.whyNot !== undefined) throw noLibrary(folder, place.whyNot);
  return { folder: place.folder, realFolder: place.realFolder, written };
}

type Place = {
  folder: string;
  realFolder: string;
  /** Why a service cannot have it there; undefined where it can. */
  whyNot: string | undefined;
};

async function placeOf(host: Host, named: string): Promise<Place> {
  const folder = path.normalize(named);
  // A share may not be mounted now.
  const real = (await realFile(host, folder)) ?? folder;
  const hidden = ['/root', '/tmp', '/var/tmp'].find((place) => [folder, real].some((file) => isBelow(place, file)));
  return { folder, realFolder: real, whyNot: real === '/' ? 'that is the whole machine' : whyHidden(hidden) };
}

function whyHidden(place: string | undefined): string | undefined {
  if (place === '/root') return 'what lies below /root is for root alone';
  return place === undefined ? undefined : `a service has a ${place} of its own`;
}

const noLibrary = (folder: string, why: string): AppError =>
  new AppError(`The library ${folder} cannot be that of a service: ${why}.`, {
    code: 'STT_SERVICE_LIBRARY',
    hint: `Name another one: ${commandLine(['stt-server', 'install-service', '--library', '/srv/recordings'])}`,
    exitCode: exitCodes.config,
  });

/** As the unit has systemd make them (StateDirectory, LogsDirectory): all else, also in the data folder, it may only write where it is told so. */
const ownFolders = [path.join(systemDataFolder, 'server'), '/var/log/stt'];

/** A service may only write where its unit says so: these folders, without those that are its own anyway. */
async function writtenBeside(
  host: Host,
  record: Readonly<Record<string, string>>,
  settingsFile: string,
): Promise<string[]> {
  const written: string[] = [];
  for (const name of ['DB_FILE', 'LOG_DIR']) {
    const value = (record[name] ?? '').trim();
    if (value === '') continue;
    const whole = path.resolve(systemDataFolder, 'server', value);
    const { folder, realFolder, whyNot } = await placeOf(host, name === 'DB_FILE' ? path.dirname(whole) : whole);
    if (whyNot !== undefined) {
      throw new AppError(`${name}=${value} cannot be that of a service: ${whyNot}.`, {
        code: 'STT_SERVICE_LIBRARY',
        hint: `Name another place in ${settingsFile}, or leave it out: the service has folders of its own, ${ownFolders.join(' and ')}.`,
        exitCode: exitCodes.config,
      });
    }
    written.push(...[realFolder, folder].filter((each) => !ownFolders.some((own) => isBelow(own, each))));
  }
  return [...new Set(written)];
}

/** @param hasUser the service's own user is there: of one that is not made yet it is known that it owns nothing. */
export type Writer = Account & { hasUser: boolean };

/** @returns what to say where the service may not write its transcripts there. */
export async function libraryWarning(
  host: Host,
  { folder }: Library,
  writer: Writer,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { user, group } = writer;
  if ((await realFile(host, folder)) === undefined) {
    return `The library ${folder} is not there: make it, or mount its disk, before the service starts.`;
  }
  if ((await mayWriter(host, writer, 'w', folder, signal)) !== false) return undefined;
  const closed: string[] = [];
  for (const above of foldersAbove(folder)) {
    if ((await mayWriter(host, writer, 'x', above, signal)) === false) closed.push(above);
  }
  const commands = [
    ...closed.map((above) => ['sudo', 'setfacl', '-m', `u:${user}:x`, above]),
    ['sudo', 'setfacl', '-R', '-m', `u:${user}:rwX,d:u:${user}:rwX`, folder],
  ];
  return [
    `${user} may not write into the library ${folder}, and transcripts belong beside the recordings. Let it:`,
    `  ${commands.map(commandLine).join(' && ')}`,
    `or, where the file system has no ACLs: ${commandLine(['sudo', 'chgrp', '-R', group, folder])} && ${commandLine(['sudo', 'chmod', '-R', 'g+rwX', folder])}`,
  ].join('\n');
}

/** Undefined: nobody can tell. */
async function mayWriter(
  host: Host,
  { user, hasUser }: Writer,
  right: 'w' | 'x',
  folder: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  // Only root can try it as somebody else.
  const tried = host.uid === 0 ? await mayUser(user, right, at(host, folder), signal, host) : undefined;
  if (tried !== undefined || hasUser || user !== serverProgram.unit) return tried;
  const found = await stat(at(host, folder)).catch(() => undefined);
  return found === undefined ? undefined : (found.mode & (right === 'w' ? 0o002 : 0o001)) !== 0;
}

/** From the top down, without the root. */
function foldersAbove(file: string): string[] {
  const folder = path.dirname(file);
  return folder === '/' ? [] : [...foldersAbove(folder), folder];
}
