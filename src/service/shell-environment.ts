/**
 * What a service of a user needs of the shell in which set-up proved the engine: systemd and launchd start it with a PATH of their own, and
 * without LD_LIBRARY_PATH. The rest has its place in the settings. Only looks.
 */
import path from 'node:path';
import type { EnvRecord } from '../config/env-file.ts';
import { findProgram } from '../find-program.ts';

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
