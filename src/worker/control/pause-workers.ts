/**
 * What `stt pause` and `stt resume` do: first the file, which is the truth and outlives everything, then each running worker is told.
 * One that cannot be told looks at the file within a minute.
 */
import { systemErrorCode } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { diskError } from '../disk-error.ts';
import { explainForbidden } from './explain-forbidden.ts';
import { type Pause, pauseFrom, type PauseRequest, removePause, writePause } from './pause-file.ts';
import { type Told, tellWorkers } from './tell-workers.ts';

/** @throws AppError where this user may not, or the disk does not take it. */
export async function pauseWorkers(
  paths: DataPaths,
  request: PauseRequest,
  nowMs: number,
): Promise<Told & { pause: Pause }> {
  const pause = pauseFrom(request, nowMs);
  const { forMs, isAtOnce } = request;
  const body = { ...(forMs === undefined ? {} : { forSeconds: forMs / 1000 }), isAtOnce };
  const asTyped = [
    'stt pause',
    ...(forMs === undefined ? [] : [`--for ${forMs / 1000}s`]),
    ...(isAtOnce ? ['--now'] : []),
  ];
  return explainForbidden(paths.folder, asTyped.join(' '), async () => {
    await explainDisk(paths.workerPause, 'written', writePause(paths.workerPause, pause));
    return { ...(await tellWorkers(paths.workerControl, { method: 'POST', path: '/pause', body })), pause };
  });
}

/** @throws AppError where this user may not, or the file cannot be taken away. */
export async function resumeWorkers(paths: DataPaths): Promise<Told & { wasPaused: boolean }> {
  return explainForbidden(paths.folder, 'stt resume', async () => {
    const wasPaused = await explainDisk(paths.workerPause, 'removed', removePause(paths.workerPause));
    return { ...(await tellWorkers(paths.workerControl, { method: 'POST', path: '/resume' })), wasPaused };
  });
}

async function explainDisk<T>(file: string, what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
    throw diskError(`The pause ${file} cannot be ${what}`, 'STT_PAUSE', error);
  }
}
