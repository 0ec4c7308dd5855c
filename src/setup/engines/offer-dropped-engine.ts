/**
 * A whisper.cpp that somebody put where the link to the engine in use belongs, as the ancestor's users do, is found and tried; whether it
 * is to be one of the engines is theirs to say.
 */
import { AppError } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import { findDroppedEngine } from './find-given-engine.ts';
import { type GivenEngineTrial, tryGivenEngine } from './try-given-engine.ts';

/** @throws AppError STT_ENGINE_DROPPED where there is one that works; what tryGivenEngine throws where it does not. */
export async function offerDroppedEngine(paths: DataPaths, trial: GivenEngineTrial): Promise<void> {
  const dropped = await findDroppedEngine(paths);
  if (dropped === undefined) return;
  const { version, backend, proof } = await tryGivenEngine(dropped, trial);
  throw new AppError(
    `${dropped} is no engine of set-up's: whisper.cpp ${version} for ${backend}. It works here, on ${proof.device}.`,
    {
      code: 'STT_ENGINE_DROPPED',
      hint: `Make it one of the engines with "stt setup --adopt ${paths.whisperCpp}"; or have another one built: "stt setup --backend auto".`,
      exitCode: exitCodes.config,
    },
  );
}
