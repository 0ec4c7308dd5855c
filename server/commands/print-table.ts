/** Rows for standard output: aligned under bold headings on a terminal, plain columns with tabs between in a pipe. */
import { styleText } from 'node:util';
import { printable } from '../../src/printable.ts';

/** @param rows cells as they came: a name of a file may hold anything. */
export function tableLines(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  isForPeople: boolean,
): string[] {
  const clean = rows.map((row) => row.map(printable));
  if (!isForPeople) return clean.map((row) => row.join('\t'));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...clean.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [styleText('bold', line(headings)), ...clean.map(line)];
}

/** `2026-11-22 14:05:09`, local time. */
export function shownTime(at: number | undefined): string {
  if (at === undefined) return '-';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
