/**
 * Where whisper-cli lies in what somebody has from elsewhere: a release that was unpacked, a build tree, a package manager's program. Only
 * looks.
 */
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';

/** Below a folder: as releases, cmake, cmake for Windows, and installations have it. */
const places = ['.', 'Release', 'bin', 'build/bin', 'build/bin/Release', 'build'];

const fileName = process.platform === 'win32' ? 'whisper-cli.exe' : 'whisper-cli';

/**
 * @param given a program, or a folder with one.
 * @returns its absolute path, as it was given: links are not followed.
 * @throws AppError STT_ADOPT_NOTHING, exit code 66, where there is none; STT_ENGINE_MISSING, 78, where it may not be executed.
 */
export async function findGivenEngine(given: string): Promise<string> {
  const from = path.resolve(given);
  const info = await stat(from).catch(() => undefined);
  if (info === undefined) throw nothing(`${from} is not there.`);
  const candidates = info.isDirectory() ? places.map((place) => path.join(from, place, fileName)) : [from];
  for (const file of candidates) {
    if (!(await isFile(file))) continue;
    if (await isExecutable(file)) return file;
    throw new AppError(`${file} may not be executed.`, {
      code: 'STT_ENGINE_MISSING',
      hint: `Some archives lose that: chmod +x ${file}`,
      exitCode: exitCodes.config,
    });
  }
  throw nothing(info.isDirectory() ? `There is no ${fileName} in ${from}.` : `${from} is no file.`);
}

const nothing = (message: string): AppError =>
  new AppError(message, {
    code: 'STT_ADOPT_NOTHING',
    hint: 'Name a whisper-cli, or the folder that holds it, such as an unpacked release of whisper.cpp.',
    exitCode: exitCodes.noInput,
  });

/**
 * The program of a whisper.cpp that somebody put where the link to the engine in use belongs, as the ancestor's users do; undefined where
 * there is none, or the link is set-up's own.
 */
export async function findDroppedEngine(paths: DataPaths): Promise<string | undefined> {
  const folder = await realpath(paths.whisperCpp).catch(() => undefined);
  if (folder === undefined) return undefined;
  const engines = await realpath(paths.engines).catch(() => path.resolve(paths.engines));
  if (folder.startsWith(engines + path.sep)) return undefined;
  return findGivenEngine(paths.whisperCpp).catch(() => undefined);
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
