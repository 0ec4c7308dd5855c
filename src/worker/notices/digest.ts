/** Gathers notices and makes one message of them: equal ones are counted, and of many different ones the most frequent are shown. Pure. */
import type { Notice } from './notice.ts';

/** Each once, with how often it came, in the order in which they came first. */
export type Gathered = ReadonlyMap<string, { notice: Notice; count: number }>;

/** So many different ones are kept; what comes then is counted with no reason. */
const mostKept = 100;
const mostShown = 5;

export function gather(gathered: Gathered, notice: Notice, count = 1): Gathered {
  const all = new Map(gathered);
  if (isCounted(notice)) {
    const exact = keyOf(notice);
    const isKept = all.has(exact) || all.size < mostKept;
    const kept = isKept ? notice : { ...notice, reason: '' };
    const key = isKept ? exact : keyOf(kept);
    return all.set(key, { notice: kept, count: (all.get(key)?.count ?? 0) + count });
  }
  // What was last said of a state is said last: broken, mended and broken again is broken.
  for (const [key, { notice: earlier }] of all) if (earlier.kind === notice.kind) all.delete(key);
  return all.set(keyOf(notice), { notice, count: 1 });
}

type Counted = Extract<Notice, { kind: 'failed' | 'refused' }>;

const isCounted = (notice: Notice): notice is Counted => notice.kind === 'failed' || notice.kind === 'refused';

/** The first with what came later. */
export function gatherAll(first: Gathered, later: Gathered): Gathered {
  let all = first;
  for (const { notice, count } of later.values()) all = gather(all, notice, count);
  return all;
}

const keyOf = (notice: Notice): string => JSON.stringify(notice);

/** For people, a line for each kind. Empty where nothing was gathered. */
export function digest(gathered: Gathered): string {
  const kinds = Map.groupBy(gathered.values(), ({ notice }) => notice.kind);
  return [...kinds].map(([kind, entries]) => sentence(kind, entries)).join('\n');
}

type Entry = { notice: Notice; count: number };

const sentences: Readonly<Record<Notice['kind'], (total: number, reasons: string) => string>> = {
  failed: (total, reasons) => `${total === 1 ? 'A task' : `${total} tasks`} failed: ${reasons}`,
  refused: (total, reasons) =>
    `The server refused ${total === 1 ? 'a transcript' : `${total} transcripts`}: ${reasons}`,
  broken: (_, reasons) => `The worker is broken, and takes no more tasks: ${reasons}`,
  mended: () => 'The worker is mended, and takes tasks again.',
  away: (_, reasons) => `The server has been away for over 10 minutes: ${reasons}`,
  back: () => 'The server is back.',
  ended: (_, reasons) => `The worker ended: ${reasons}`,
};

function sentence(kind: Notice['kind'], entries: readonly Entry[]): string {
  const total = entries.reduce((sum, { count }) => sum + count, 0);
  return sentences[kind](total, reasonsOf(entries, total));
}

/** `9 x out of memory (machine), 3 x it is empty (recording), and 2 more`. */
function reasonsOf(entries: readonly Entry[], total: number): string {
  const known = entries.filter(({ notice }) => 'reason' in notice && notice.reason !== '');
  const shown = known.toSorted((a, b) => b.count - a.count).slice(0, mostShown);
  const parts = shown.map(({ notice, count }) => (total === 1 ? '' : `${count} x `) + reasonOf(notice));
  const more = total - shown.reduce((sum, { count }) => sum + count, 0);
  if (shown.length === 0) return 'no reason known';
  return [...parts, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

function reasonOf(notice: Notice): string {
  if (!('reason' in notice)) return '';
  const reason = notice.reason.replace(/\.$/u, '');
  return notice.kind === 'failed' ? `${reason} (${notice.fault})` : reason;
}
