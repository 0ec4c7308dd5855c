/** What the workers that run here say of themselves, and what lies in the outbox for them. Pure; look-at-workers has looked. */
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';
import { describeUntil } from '../../worker/control/describe-status.ts';
import type { WorkersSeen } from '../../worker/control/look-at-workers.ts';
import { type Checked, fail, ok, warn } from '../finding.ts';

export function checkWorkers({ workers, silent, pause }: WorkersSeen): Checked {
  const mute = silent[0];
  if (mute !== undefined) {
    const found = `a worker (pid ${mute.worker.pid}) does not answer: ${printable(mute.reason)}`;
    return fail(
      found,
      'See whether it hangs, and end it if so; what it had in hand is not lost.',
      'STT_WORKER_SILENT',
      exitCodes.temporary,
    );
  }
  const broken = workers.flatMap(({ pid, closures }) =>
    closures.filter(({ why }) => why === 'broken').map(({ reason }) => ({ pid, reason })),
  )[0];
  if (broken !== undefined) {
    const found = `a worker (pid ${broken.pid}) takes no tasks, since it is broken: ${printable(broken.reason)}`;
    return fail(
      found,
      'Mend what it says; it tries again by itself, and takes tasks as soon as it works.',
      'STT_WORKER_BROKEN',
      exitCodes.temporary,
    );
  }
  const found =
    workers.length === 0 ? 'none runs here' : workers.map(({ pid, state }) => `pid ${pid}: ${state}`).join('; ');
  if (pause !== undefined) {
    return warn(
      `${found}; a pause is in force ${describeUntil(pause.untilMs)}`,
      'End it with "stt resume".',
      undefined,
    );
  }
  return ok(found, undefined);
}

/** An engine of theirs is at work, or soon. */
export const areBusy = ({ workers }: WorkersSeen): boolean =>
  workers.some(({ slots, state }) => state === 'starting' || slots.some(({ work }) => work !== undefined));

export function checkOutbox({ outbox, workers }: WorkersSeen): Checked {
  const { waiting, refused } = outbox;
  if (waiting + refused === 0) return ok('empty', undefined);
  const found = `${waiting} waiting to be delivered, ${refused} refused by the server`;
  if (refused > 0) return warn(found, 'See why with "stt outbox list --refused".', undefined);
  if (workers.length > 0) return ok(found, undefined);
  return warn(found, 'Start a worker, or deliver them now with "stt outbox flush".', undefined);
}
