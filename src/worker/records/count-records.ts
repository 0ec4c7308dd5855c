/** Counts records into what `stt stats` tells: totals, reasons, days. Pure, and as big as the days there are, not the records. */
import { normalReason } from './normal-reason.ts';
import type { TaskRecord } from './task-record.ts';

export type Counts = {
  /** All that ended here, whichever way. */
  tasks: number;
  transcribed: number;
  /** Of those transcribed. */
  noSpeech: number;
  suspect: number;
  failed: number;
  leaseLost: number;
  handedBack: number;
  audioSeconds: number;
  engineSeconds: number;
};

export type Stats = Counts & {
  /** Seconds of audio for each second of the engine; null before it has run. */
  timesRealTime: number | null;
  /** A transcript may have several reasons. */
  suspectReasons: { reason: string; tasks: number }[];
  /** The most frequent ones; numbers and ids in reasons are `N`. */
  failures: { fault: string; reason: string; tasks: number }[];
  /** Failed for other reasons than those. */
  otherFailures: number;
  /** Days of the local time zone with work, in order. */
  days: (Counts & { day: string; timesRealTime: number | null })[];
};

export type RecordCounter = { add: (record: TaskRecord) => void; stats: () => Stats };

const mostReasonsShown = 10;
/** Different ones that are kept apart; somebody may have made one for each task. */
const mostReasonsKept = 2000;

export function countRecords(): RecordCounter {
  let total = noCounts;
  const days = new Map<string, Counts>();
  const suspectReasons = new Map<string, number>();
  const failures = new Map<string, { fault: string; reason: string; tasks: number }>();

  return {
    add(record) {
      const day = localDay(record.timeMs);
      days.set(day, withRecord(days.get(day) ?? noCounts, record));
      total = withRecord(total, record);
      for (const reason of record.suspect ?? []) {
        if (suspectReasons.has(reason) || suspectReasons.size < mostReasonsKept) {
          suspectReasons.set(reason, (suspectReasons.get(reason) ?? 0) + 1);
        }
      }
      if (record.event === 'failed') {
        const { fault = 'unknown' } = record;
        const reason = normalReason(record.reason ?? '') || 'unknown';
        const key = `${fault} ${reason}`;
        const known = failures.get(key);
        if (known !== undefined) known.tasks += 1;
        else if (failures.size < mostReasonsKept) failures.set(key, { fault, reason, tasks: 1 });
      }
    },
    stats() {
      const shown = [...failures.values()].toSorted((a, b) => b.tasks - a.tasks).slice(0, mostReasonsShown);
      return {
        ...total,
        timesRealTime: timesRealTime(total),
        suspectReasons: [...suspectReasons]
          .map(([reason, tasks]) => ({ reason, tasks }))
          .toSorted((a, b) => b.tasks - a.tasks)
          .slice(0, mostReasonsShown),
        failures: shown,
        otherFailures: total.failed - shown.reduce((sum, { tasks }) => sum + tasks, 0),
        days: [...days]
          .map(([day, counts]) => ({ day, ...counts, timesRealTime: timesRealTime(counts) }))
          .toSorted((a, b) => (a.day < b.day ? -1 : 1)),
      };
    },
  };
}

const noCounts: Counts = {
  tasks: 0,
  transcribed: 0,
  noSpeech: 0,
  suspect: 0,
  failed: 0,
  leaseLost: 0,
  handedBack: 0,
  audioSeconds: 0,
  engineSeconds: 0,
};

const counterOf = {
  transcribed: 'transcribed',
  failed: 'failed',
  lease_lost: 'leaseLost',
  handed_back: 'handedBack',
} as const;

function withRecord(counts: Counts, record: TaskRecord): Counts {
  const counter = counterOf[record.event];
  const sum = { ...counts, tasks: counts.tasks + 1, [counter]: counts[counter] + 1 };
  if (record.event !== 'transcribed') return sum;
  return {
    ...sum,
    noSpeech: counts.noSpeech + (record.outcome === 'no_speech' ? 1 : 0),
    suspect: counts.suspect + (record.outcome === 'suspect' ? 1 : 0),
    audioSeconds: counts.audioSeconds + (record.audioSeconds ?? 0),
    engineSeconds: counts.engineSeconds + (record.engineSeconds ?? 0),
  };
}

function timesRealTime({ audioSeconds, engineSeconds }: Counts): number | null {
  return engineSeconds > 0 ? audioSeconds / engineSeconds : null;
}

/** `2026-11-22`: of the local calendar, so that days of 23 and 25 hours are days as well. */
function localDay(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
