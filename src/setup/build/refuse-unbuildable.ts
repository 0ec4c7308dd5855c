/** A data folder that cmake cannot build in is refused before anything is done. */
import { AppError } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';

/** @throws AppError STT_DATA_FOLDER, exit code 78. */
export function refuseUnbuildable(paths: DataPaths): void {
  const character = /[\\"$#%;]/u.exec(paths.folder)?.[0];
  if (character === undefined) return;
  throw new AppError(`whisper.cpp cannot be built in ${paths.folder}: cmake does not bear "${character}" in a path.`, {
    code: 'STT_DATA_FOLDER',
    hint: 'Set STT_DATA_DIR to a directory without that character in its path.',
    exitCode: exitCodes.config,
  });
}
