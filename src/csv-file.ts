/**
 * Appends records to a CSV file (RFC 4180) that people open in spreadsheets: `processed.csv` on both sides.
 * The first record of a new file is preceded by its header.
 */
import { open } from 'node:fs/promises';

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

/** All records in one write; where that fails, none of them is left there in part. */
export async function appendCsv(
  file: string,
  header: readonly string[],
  ...records: readonly (readonly CsvValue[])[]
): Promise<void> {
  const handle = await open(file, 'a');
  try {
    const { size } = await handle.stat();
    try {
      await handle.writeFile((size === 0 ? csvLine(header) : '') + records.map(csvLine).join(''));
    } catch (error) {
      await handle.truncate(size).catch(() => {});
      throw error;
    }
  } finally {
    await handle.close();
  }
}
