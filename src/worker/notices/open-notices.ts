/**
 * Tells a person of failures, by Gotify. The first one goes out at once, what comes within the next minutes in one message. It
 * never holds up the work: taking an event is nothing but remembering it.
 */
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../config/secret.ts';
import type { Report, WorkerEvent } from '../worker-event.ts';
import { digest, gather, gatherAll, type Gathered } from './digest.ts';
import { type Notice, noticeOf, shortReason } from './notice.ts';
import { sendToGotify } from './send-to-gotify.ts';

export type NoticesOptions = {
  /** Both, or nobody is told. */
  gotifyUrl: string | undefined;
  gotifyKey: Secret | undefined;
  nodeName: string;
  clock: Clock;
  /** Hears, as a warning, that Gotify cannot be reached. */
  report: Report;
};

export type Notices = {
  note: Report;
  /** Sends what is gathered, within 5 seconds or so many ms. What is noted then is lost. */
  close: (patienceMs?: number) => Promise<void>;
};

/** What happens together is told together. */
const firstWaitMs = 2000;
const nextWaitMs = 5 * 60_000;
const awayMs = 10 * 60_000;
const warnEveryMs = 3_600_000;
const flushMs = 5000;
/** As the ancestor's. */
const priority = 7;

export function openNotices(options: NoticesOptions): Notices {
  const { gotifyUrl: url, gotifyKey: key, clock } = options;
  if (url === undefined || key === undefined) return { note: () => {}, close: () => Promise.resolve() };

  let gathered: Gathered = new Map();
  const closing = new AbortController();
  const giveUp = new AbortController();
  const warn = createWarner(options);

  let delivering: Promise<void> | undefined;
  const send = async (): Promise<void> => {
    const sending = gathered;
    gathered = new Map();
    const message = { title: options.nodeName, message: digest(sending), priority };
    const failure = await sendToGotify({ url, key }, message, giveUp.signal);
    if (failure === undefined) return;
    // Tried again with what comes next.
    gathered = gatherAll(sending, gathered);
    warn(failure);
  };
  const deliver = async (): Promise<void> => {
    await clock.sleep(firstWaitMs, closing.signal);
    while (gathered.size > 0) {
      const isLast = closing.signal.aborted;
      await send();
      if (isLast) break;
      await clock.sleep(nextWaitMs, closing.signal);
    }
    delivering = undefined;
  };
  const add = (notice: Notice): void => {
    if (closing.signal.aborted) return;
    gathered = gather(gathered, notice);
    delivering ??= deliver();
  };
  const watchAway = createAwayWatch(clock, closing.signal, add);
  let isBroken = false;

  return {
    note(event) {
      watchAway(event);
      // The sample is tried again and again: told once, until it is mended.
      if (event.event === 'closed' && event.why === 'broken') {
        if (isBroken) return;
        isBroken = true;
      }
      if (event.event === 'opened' && isBroken) {
        isBroken = false;
        add({ kind: 'mended' });
      }
      const notice = noticeOf(event);
      if (notice !== undefined) add(notice);
    },
    async close(patienceMs = flushMs) {
      closing.abort();
      const timer = setTimeout(() => giveUp.abort(), patienceMs);
      await delivering;
      clearTimeout(timer);
    },
  };
}

/** Tells of a server that stays away, and, where that was told, of its return. */
function createAwayWatch(clock: Clock, closing: AbortSignal, add: (notice: Notice) => void): Report {
  let back: AbortController | undefined;
  let isTold = false;
  const wait = async (reason: string, ended: AbortSignal): Promise<void> => {
    await clock.sleep(awayMs, AbortSignal.any([ended, closing]));
    if (ended.aborted || closing.aborted) return;
    isTold = true;
    add({ kind: 'away', reason: shortReason(reason) });
  };
  return (event: WorkerEvent) => {
    if (event.event === 'server_away' && back === undefined) {
      back = new AbortController();
      void wait(event.reason, back.signal);
    }
    if (event.event === 'server_back') {
      back?.abort();
      back = undefined;
      if (isTold) add({ kind: 'back' });
      isTold = false;
    }
  };
}

function createWarner({ clock, report }: NoticesOptions): (failure: string) => void {
  let warnedAtMs: number | undefined;
  return (failure) => {
    const now = clock.now();
    // A clock that was set back does not silence it for longer.
    if (warnedAtMs !== undefined && now >= warnedAtMs && now < warnedAtMs + warnEveryMs) return;
    warnedAtMs = now;
    report({ event: 'warning', message: `Gotify could not be told of failures: ${failure}.` });
  };
}
