/**
 * What a service of a user needs of the shell in which set-up proved the engine: systemd and launchd start it with a PATH of their own, and
 * without LD_LIBRARY_PATH. The rest has its place in the settings. Only looks.
 */
import path from 'node:path';
import type { EnvRecord } from '../config/env-file.ts';
import { findProgram } from '../find-program.ts';
import { at, type Host } from './host.ts';

/** Where every manager of services looks. */
export const usualFolders = ['/usr/local/bin', '/usr/bin', '/bin'];

/** @param environment of the shell. @returns nothing where the service finds all of it by itself. */
export async function shellEnvironment(environment: EnvRecord): Promise<Record<string, string>> {
  const { PATH = '', LD_LIBRARY_PATH = '' } = environment;
  const ffmpeg = await findProgram('ffmpeg', PATH);
  const folder = ffmpeg.kind === 'found' ? path.dirname(ffmpeg.file) : '/usr/bin';
  return {
    ...(usualFolders.includes(folder) ? {} : { PATH: [folder, ...usualFolders].join(path.delimiter) }),
    ...(LD_LIBRARY_PATH.trim() === '' ? {} : { LD_LIBRARY_PATH }),
  };
}

/**
 * Done again from a shell that says nothing of these, as cron's, the service keeps what it was proved with.
 * @param present what its unit says. @param wanted what this shell would have it say. @returns it, with what stays.
 */
export async function withPresentPaths(
  host: Host,
  present: EnvRecord,
  { PATH, LD_LIBRARY_PATH, ...rest }: EnvRecord,
): Promise<Record<string, string>> {
  const search = PATH ?? ((await isOfUse(host, present['PATH'])) ? present['PATH'] : undefined);
  const libraries = LD_LIBRARY_PATH ?? present['LD_LIBRARY_PATH'];
  return {
    ...rest,
    ...(search === undefined ? {} : { PATH: search }),
    ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
  };
}

/** Where ffmpeg is found without it, and not by it, it may go. */
async function isOfUse(host: Host, search = ''): Promise<boolean> {
  const has = async (folders: readonly string[]): Promise<boolean> =>
    (await findProgram('ffmpeg', folders.map((folder) => at(host, folder)).join(path.delimiter))).kind === 'found';
  const own = search.split(path.delimiter).filter((folder) => folder !== '' && !usualFolders.includes(folder));
  return own.length > 0 && ((await has(own)) || !(await has(usualFolders)));
}

/** What an environment said, and says no more or otherwise. */
export const goneFrom = (before: EnvRecord, after: EnvRecord): string[] =>
  Object.entries(before).flatMap(([name, value]) => (after[name] === value ? [] : [`${name}=${value}`]));
