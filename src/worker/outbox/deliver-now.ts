/** Delivers now what lies in the outbox, for a person who asks for it: needs no engine. Letters of living workers stay theirs. */
import type { Clock } from '../../clock.ts';
import { type ExitCode, exitCodes } from '../../exit-codes.ts';
import type { ServerClient } from '../wire/server-client.ts';
import type { Report } from '../worker-event.ts';
import { importAncestorFolders } from './import-ancestor-folders.ts';
import { listLetters } from './list-letters.ts';
import { openOutbox } from './outbox.ts';
import type { OnProgress, Round } from './postman.ts';
import { retryRefused } from './retry-refused.ts';

export type DeliverNowOptions = {
  outboxFolder: string;
  client: ServerClient;
  clock: Clock;
  report: Report;
  signal: AbortSignal;
  onProgress?: OnProgress;
  /** Also what was refused, and what an ancestor's worker left in these folders. */
  retry?: { ancestorFolders: readonly string[] };
};

export type Delivered = Round & {
  /** From folders of the ancestor. */
  imported: number;
  /** Of those that were refused before. */
  retried: number;
  /** Files in `refused/` that are no letters: they stay. */
  garbage: number;
  /** Waiting letters of workers that live: those deliver them. */
  ofOthers: number;
};

/** @throws AppError STT_OUTBOX where the outbox cannot be used. */
export async function deliverNow(options: DeliverNowOptions): Promise<Delivered> {
  const { outboxFolder: folder, client, clock, report, signal, onProgress, retry } = options;
  const outbox = await openOutbox({ folder, client, clock, report });
  const imported =
    retry === undefined
      ? 0
      : await importAncestorFolders({ folders: retry.ancestorFolders, outboxFolder: folder, report });
  const again = retry === undefined ? { retried: 0, garbage: 0 } : await retryRefused(folder);
  const round = await outbox.deliverAll(signal, onProgress);
  const waiting = await listLetters(folder, { waiting: true, refused: false });
  const ofOthers = waiting.filter(({ owner }) => owner === 'running' || owner === 'elsewhere').length;
  return { ...round, imported, ...again, ofOthers };
}

export function deliveredExitCode({ refused, waiting, ofOthers }: Delivered): ExitCode {
  if (refused > 0) return exitCodes.data;
  return waiting + ofOthers > 0 ? exitCodes.temporary : exitCodes.ok;
}

/** What came of it, in a line or two. */
export function describeDelivered(result: Delivered): string[] {
  const { delivered, refused, waiting, ofOthers, garbage, reason } = result;
  const total = delivered + refused + waiting;
  const parts = [
    total === 0 && 'Nothing waited that is ours to deliver',
    total > 0 && `${delivered} of ${total} delivered`,
    refused > 0 && `${refused} refused by the server, kept aside`,
    waiting > 0 && `${waiting} still waiting${reason === undefined ? '' : `: ${reason}`}`,
  ];
  const others = `${ofOthers} of workers that run with this data folder: they deliver them themselves.`;
  const strange = `${garbage} file(s) among the refused are no letters, and stay where they are.`;
  return [`${parts.filter(Boolean).join(', ')}.`, ...(ofOthers > 0 ? [others] : []), ...(garbage > 0 ? [strange] : [])];
}
