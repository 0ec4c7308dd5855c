/**
 * The thread of the scan: the library is looked at here, so that nobody who asks the server waits for its disk. It speaks with the
 * store by a port of its own. One look at a time: scans that are asked for, and folders in which something happened.
 */
import type { MessagePort } from 'node:worker_threads';
import { opendirSync } from 'node:fs';
import { messageOf } from '../../src/app-error.ts';
import { carryError, type CarriedError } from '../threads/calls.ts';
import { answerCalls, Caller } from '../threads/calls.ts';
import { bringUp, tell, threadStart } from '../threads/inside.ts';
import type { TaskCatalogueVerbs } from '../queue/task-catalogue.ts';
import { DueFolders } from './due-folders.ts';
import type { Presence } from './library.ts';
import { LibraryScan, type ScanSummary } from './library-scan.ts';
import { extensionOf } from './media-types.ts';
import type { ScanLine } from './scan-notices.ts';
import { WatchFolders } from './watch-folders.ts';

export type ScanThreadData = {
  root: string;
  extensions: readonly string[];
  defaultLanguage: string | undefined;
  transcriptName: string;
  settleMs: number;
  isWatching: boolean;
  /** The store's. */
  store: MessagePort;
};

export type ScanRequest = {
  /** The time of the server, milliseconds since 1970. */
  now: number;
  /** Also folders in which nothing seems to have happened. */
  isFull: boolean;
};

export type ScanVerbs = {
  /** Resolves at its end. `events`: how many were told so far. */
  scan(request: ScanRequest): Promise<{ summary: ScanSummary; events: number }>;
};

export type ScanEvent =
  | { kind: 'log'; line: ScanLine }
  /** So many tasks more are to be had. */
  | { kind: 'tasks'; count: number }
  /** A look at single folders failed; they are looked at again. */
  | { kind: 'failed'; error: CarriedError };

/** How often folders that are due are looked for, while there are any. */
const tickMs = 50;
/** What a watch cannot tell (a mount, an event too many) is found out so often. */
const fullEveryMs = 3_600_000;
const pauseAfterFailureMs = 10_000;

const { port, data } = threadStart<ScanThreadData>();
const due = new DueFolders();
const { signal } = new AbortController();
let events = 0;
/** Tests turn the clock of the server, which is the machine's otherwise. */
let aheadMs = 0;
let fullAt: number | undefined;
let turn: Promise<unknown> = Promise.resolve();
let ticking: NodeJS.Timeout | undefined;
let lookingFailedAt = Number.NEGATIVE_INFINITY;

function tellEvent(event: ScanEvent): void {
  events += 1;
  tell(event);
}

const log = (line: ScanLine): void => tellEvent({ kind: 'log', line });

const watch = data.isWatching ? new WatchFolders({ root: data.root, onChange: changed, log }) : undefined;
const scan = new LibraryScan({
  ...data,
  library: { root: data.root, presence },
  catalogue: new Caller<TaskCatalogueVerbs>(data.store).verbs,
  now: () => Date.now() + aheadMs,
  fileNow: Date.now,
  log,
  onTasks: (count) => tellEvent({ kind: 'tasks', count }),
  due,
  watch,
});

/** Recordings, sidecars and folders are looked at soon. Transcripts come by the thousand, mostly from this server: they can wait. */
function changed(folder: string, name: string | undefined): void {
  if (name?.startsWith('.') === true) return;
  scan.distrust(folder);
  const extension = name === undefined ? '' : extensionOf(name);
  if (extension !== '' && extension !== 'json' && !data.extensions.includes(extension)) return;
  due.changed(folder, performance.now());
  startTicking();
}

function startTicking(): void {
  ticking ??= setInterval(tick, tickMs);
}

function tick(): void {
  const now = performance.now();
  if (due.isEmpty) {
    clearInterval(ticking);
    ticking = undefined;
    return;
  }
  const folders = due.due(now);
  if (isLooking || folders.length === 0 || now - lookingFailedAt < pauseAfterFailureMs) return;
  void inTurn(() => scan.look(folders, signal)).catch((error: unknown) => {
    lookingFailedAt = performance.now();
    tellEvent({ kind: 'failed', error: carryError(error) });
  });
}

let isLooking = false;

/** Never two at a time. */
async function inTurn(work: () => Promise<ScanSummary>): Promise<ScanSummary> {
  const before = turn;
  const mine = (async (): Promise<ScanSummary> => {
    await before.catch(() => {});
    isLooking = true;
    try {
      return await work();
    } finally {
      isLooking = false;
      if (!due.isEmpty) startTicking();
    }
  })();
  turn = mine;
  return mine;
}

function presence(): Presence {
  try {
    const folder = opendirSync(data.root);
    try {
      return folder.readSync() === null ? { kind: 'empty' } : { kind: 'present' };
    } finally {
      folder.closeSync();
    }
  } catch (error) {
    return { kind: 'missing', reason: messageOf(error) };
  }
}

await bringUp(() => {
  const verbs: ScanVerbs = {
    async scan({ now, isFull }) {
      aheadMs = now - Date.now();
      // Without a watch nothing is known of any folder, so all are read anyway.
      const isDue = watch === undefined || isFull || fullAt === undefined || Math.abs(now - fullAt) >= fullEveryMs;
      const summary = await inTurn(() => scan.run(signal, isDue));
      if (isDue) fullAt = now;
      return { summary, events };
    },
  };
  answerCalls(port, verbs);
});
