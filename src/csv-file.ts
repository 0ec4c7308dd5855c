/**
 * Appends records to a CSV file (RFC 4180) that people open in spreadsheets: `processed.csv` on both sides.
 * The first record of a new file is preceded by its header.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';

export type CsvValue = string | number | null | undefined;

/** One line. Text that a spreadsheet would run as a formula gets an apostrophe in front: it may come from a peer. */
export function csvLine(values: readonly CsvValue[]): string {
  const quoted = values.map((value) => {
    const text = String(value ?? '');
    const harmless = typeof value === 'string' && /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
    return /[",\r\n]/u.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  });
  return `${quoted.join(',')}\n`;
}

/**
 * All records in one write; where that fails, none of them is left there in part. Synchronous: four quick calls into the page cache
 * cost the event loop less than the four round trips to wait for them.
 */
export function appendCsv(file: string, header: readonly string[], ...records: readonly (readonly CsvValue[])[]): void {
  const descriptor = openSync(file, 'a');
  try {
    const { size } = fstatSync(descriptor);
    try {
      writeFileSync(descriptor, (size === 0 ? csvLine(header) : '') + records.map(csvLine).join(''));
    } catch (error) {
      cutBack(descriptor, size);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}

function cutBack(descriptor: number, sizeBytes: number): void {
  try {
    ftruncateSync(descriptor, sizeBytes);
  } catch {
    // Why it could not be written is the error to be told.
  }
}
