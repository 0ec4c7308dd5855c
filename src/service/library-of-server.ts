/** The library of a server that is a service of the machine: where its settings say it lies, and whether the service will get there. */
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
import { systemDataFolder } from './service-program.ts';

export type Library = LibraryPlace;

/** @returns undefined where the settings name none. @throws AppError where a service cannot have it there. */
export async function findLibrary({
  program,
  host,
  library,
  firstSettings,
}: InstallWishes): Promise<Library | undefined> {
  const settings = await textOf(host, program.settingsFile);
  const record = settings === undefined ? firstSettings : parseEnvText(settings);
  const folder = library ?? (record['AUDIO_DIR'] ?? '').trim();
  if (folder === '') return undefined;
  // A share may not be mounted now.
  const realFolder = path.isAbsolute(folder) ? ((await realFile(host, folder)) ?? path.normalize(folder)) : folder;
  const place = ['/root', '/tmp', '/var/tmp'].find((place) =>
    [folder, realFolder].some((file) => isBelow(place, file)),
  );
  if (!path.isAbsolute(folder) || place !== undefined || realFolder === '/') {
    throw new AppError(`The library ${folder} cannot be that of a service: ${whyNot(folder, place)}.`, {
      code: 'STT_SERVICE_LIBRARY',
      hint: `Name another one: ${commandLine(['stt-server', 'install-service', '--library', '/srv/recordings'])}`,
      exitCode: exitCodes.config,
    });
  }
  return { folder: path.normalize(folder), realFolder, written: writtenBeside(record) };
}

function whyNot(folder: string, place: string | undefined): string {
  if (!path.isAbsolute(folder)) return 'it has to be a whole path';
  if (place === '/root') return 'what lies below /root is for root alone';
  return place === undefined ? 'that is the whole machine' : `a service has a ${place} of its own`;
}

/** A service may only write where its unit says so. */
function writtenBeside(record: Readonly<Record<string, string>>): string[] {
  const { DB_FILE = '', LOG_DIR = '' } = record;
  return [DB_FILE.trim() === '' ? '' : path.dirname(DB_FILE.trim()), LOG_DIR.trim()].filter(
    (folder) => path.isAbsolute(folder) && !isBelow(systemDataFolder, folder) && !isBelow('/var/log/stt', folder),
  );
}

/** @returns what to say where the service may not write its transcripts there. */
export async function libraryWarning(
  host: Host,
  { folder }: Library,
  { user, group }: Account,
  signal: AbortSignal,
): Promise<string | undefined> {
  if ((await realFile(host, folder)) === undefined) {
    return `The library ${folder} is not there: make it, or mount its disk, before the service starts.`;
  }
  if ((await mayUser(user, 'w', at(host, folder), signal)) !== false) return undefined;
  const closed: string[] = [];
  for (const above of foldersAbove(folder)) {
    if ((await mayUser(user, 'x', at(host, above), signal)) === false) closed.push(above);
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

/** From the top down, without the root. */
function foldersAbove(file: string): string[] {
  const folder = path.dirname(file);
  return folder === '/' ? [] : [...foldersAbove(folder), folder];
}
