/** What the figures of a benchmark stand on: the machine, its disk's syncs a second, and how results are shown. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';

export type Row = Record<string, string | number>;

export const machineFacts = (): Row => ({
  processors: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  'memory GiB': Math.round(totalmem() / 2 ** 30),
  node: process.version,
});

/** Appends of 4 kB with fdatasync, one after the other, for a second: what one durable step costs at the least. */
export function syncsPerSecond(folder: string): number {
  const file = path.join(folder, 'syncs');
  const fd = openSync(file, 'w');
  const page = Buffer.alloc(4096, 1);
  const startedAt = performance.now();
  let syncs = 0;
  while (performance.now() - startedAt < 1000) {
    writeSync(fd, page);
    fdatasyncSync(fd);
    syncs += 1;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  closeSync(fd);
  rmSync(file);
  return Math.round(syncs / seconds);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Three digits are what a measurement is worth. */
export const round = (value: number): number => Number(value.toPrecision(3));
export const mebibytes = (bytes: number): number => round(bytes / 2 ** 20);

/** A table for people, or one JSON object per benchmark with `--json`. */
export function report(title: string, rows: readonly Row[], facts: Row = {}): void {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ title, machine: machineFacts(), facts, rows }));
    return;
  }
  console.log(`\n${title}`);
  console.log(
    `  ${Object.entries({ ...machineFacts(), ...facts })
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')}`,
  );
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (row: Row, column: string): string => String(row[column] ?? '');
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => cell(row, column).length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((text, index) => text.padStart(widths[index] ?? 0)).join('  ')}`;
  console.log(line(columns));
  for (const row of rows) console.log(line(columns.map((column) => cell(row, column))));
}

/** Progress, where it does not spoil the output. */
export const say = (text: string): boolean => process.stderr.write(`${text}\n`);
