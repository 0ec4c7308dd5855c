/** What `stt drain` does: tells every running worker to finish and end, and waits for that where it is asked to. */
import { AppError } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';
import { explainForbidden } from './explain-forbidden.ts';
import { tellWorkers, waitUntilEnded } from './tell-workers.ts';

/** Before it is said that something is waited for, and then ever again. */
const sayAfterMs = 2000;
const sayEveryMs = 60_000;

/** @returns their process ids. @throws AppError where there is none, or one does not hear. */
export async function drainWorkers(options: {
  paths: DataPaths;
  isAwaited: boolean;
  clock: Clock;
  say: (line: string) => void;
}): Promise<number[]> {
  const { paths, isAwaited, clock, say } = options;
  const { told, silent } = await explainForbidden(paths.folder, 'stt drain', () =>
    tellWorkers(paths.workerControl, { method: 'POST', path: '/drain' }),
  );
  if (told.length + silent.length === 0) {
    throw new AppError(`No worker is running with the data folder ${paths.folder}.`, {
      code: 'STT_NO_WORKER',
      hint: 'If one runs elsewhere, name its folder: STT_DATA_DIR.',
      exitCode: exitCodes.unavailable,
    });
  }
  for (const { pid } of told) say(`The worker with pid ${pid} finishes what it has begun, and ends.`);
  const [deaf] = silent;
  if (deaf !== undefined) {
    throw new AppError(`The worker with pid ${deaf.worker.pid} did not answer: ${printable(deaf.reason)}.`, {
      code: 'STT_WORKER_SILENT',
      hint: 'Try again, or end it with SIGTERM: it hands back what it cannot finish soon.',
      exitCode: exitCodes.temporary,
    });
  }
  if (!isAwaited) return told.map(({ pid }) => pid);
  let nextAt = clock.now() + sayAfterMs;
  await waitUntilEnded(told, clock, (running) => {
    if (clock.now() < nextAt) return;
    say(`Waiting for ${running} ${running === 1 ? 'worker' : 'workers'} to finish; "stt status" shows how far it is.`);
    nextAt = clock.now() + sayEveryMs;
  });
  say(told.length === 1 ? 'It has ended.' : 'They have ended.');
  return told.map(({ pid }) => pid);
}
