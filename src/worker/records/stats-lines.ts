/** What `stt stats` prints for people. Pure; `heading` makes a text bold where that can be seen. */
import { printable } from '../../printable.ts';
import type { Counts, Stats } from './count-records.ts';

type Column = readonly [title: string, cell: (counts: Counts & { timesRealTime: number | null }) => string];

const count = (value: number): string => value.toLocaleString('en-US');
const hours = (seconds: number): string => (seconds / 3600).toFixed(seconds < 36_000 ? 2 : 1);
const speed = (value: number | null): string => (value === null ? '-' : value.toFixed(1));

const columns: readonly Column[] = [
  ['TRANSCRIBED', ({ transcribed }) => count(transcribed)],
  ['AUDIO h', ({ audioSeconds }) => hours(audioSeconds)],
  ['ENGINE h', ({ engineSeconds }) => hours(engineSeconds)],
  ['x REAL TIME', ({ timesRealTime }) => speed(timesRealTime)],
  ['NO SPEECH', ({ noSpeech }) => count(noSpeech)],
  ['SUSPECT', ({ suspect }) => count(suspect)],
  ['FAILED', ({ failed }) => count(failed)],
  ['LEASE LOST', ({ leaseLost }) => count(leaseLost)],
  ['HANDED BACK', ({ handedBack }) => count(handedBack)],
];

export function statsLines(stats: Stats, heading: (text: string) => string): string[] {
  const row = (name: string, counts: Stats | Stats['days'][number]): string[] => [
    name,
    ...columns.map(([, cell]) => cell(counts)),
  ];
  const [titles = '', ...rows] = aligned([
    ['DAY', ...columns.map(([title]) => title)],
    ...stats.days.map((day) => row(day.day, day)),
    row('all', stats),
  ]);
  return [
    heading(titles),
    ...rows,
    ...section(
      'Why transcripts are suspect',
      stats.suspectReasons.map(({ reason, tasks }) => [count(tasks), reason]),
      heading,
    ),
    ...section(
      'Why tasks failed (whose fault, and the reason)',
      [
        ...stats.failures.map(({ fault, reason, tasks }) => [count(tasks), fault, reason]),
        ...(stats.otherFailures > 0 ? [[count(stats.otherFailures), '', 'other reasons']] : []),
      ],
      heading,
    ),
  ];
}

function section(title: string, rows: readonly string[][], heading: (text: string) => string): string[] {
  return rows.length === 0 ? [] : ['', heading(title), ...aligned(rows, 'text at the end')];
}

/** Figures stand right; names of days, and text in the last column, left. */
function aligned(rows: readonly (readonly string[])[], kind: 'figures' | 'text at the end' = 'figures'): string[] {
  const clean = rows.map((row) => row.map(printable));
  const widths = clean.reduce<number[]>((most, row) => row.map((cell, at) => Math.max(cell.length, most[at] ?? 0)), []);
  const isLeft = (at: number): boolean => (kind === 'figures' ? at === 0 : at > 0);
  const cell = (text: string, at: number): string =>
    isLeft(at) ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  return clean.map((row) => row.map(cell).join('  ').trimEnd());
}
