/**
 * Whether the server can be used, told once when it cannot and once when it can again, however many slots find out. A run that is
 * to end by itself does not wait for a server for ever.
 */
import { AppError } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Report } from '../worker-event.ts';

export type ServerPresence = {
  here: () => void;
  /**
   * @param askedAt when it was asked, since a server may be away by not answering.
   * @throws AppError STT_SERVER_AWAY when patience is over.
   */
  away: (reason: string, askedAt: number) => void;
  /** What is left of the patience, for the next answer. */
  patienceMs: () => number;
};

export type Patience = {
  /** Before the server was reached for the first time. */
  atStartMs: number;
  laterMs: number;
};

export function watchServer(serverUrl: string, patience: Patience, clock: Clock, report: Report): ServerPresence {
  let awaySince: number | undefined;
  let wasHere = false;
  const leftMs = (): number =>
    (wasHere ? patience.laterMs : patience.atStartMs) - (awaySince === undefined ? 0 : clock.now() - awaySince);
  return {
    here() {
      if (awaySince !== undefined) report({ event: 'server_back' });
      awaySince = undefined;
      wasHere = true;
    },
    patienceMs: () => Math.max(1000, leftMs()),
    away(reason, askedAt) {
      if (awaySince === undefined) report({ event: 'server_away', reason });
      awaySince ??= askedAt;
      if (leftMs() > 0) return;
      throw new AppError(`The server ${serverUrl} cannot be used: ${reason}.`, {
        code: 'STT_SERVER_AWAY',
        hint: 'Start it with "stt-server", or set SERVER_URL to where it listens.',
        exitCode: exitCodes.unavailable,
      });
    },
  };
}
