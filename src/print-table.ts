/** Rows for standard output: aligned under bold headings on a terminal, plain columns with tabs between in a pipe. */
import { styleText } from 'node:util';
import { printable } from './printable.ts';

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
