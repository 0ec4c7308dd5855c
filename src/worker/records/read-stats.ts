/** What this worker has done, counted from its records alone: no worker need run, and no server be there. */
import { countRecords, type Stats } from './count-records.ts';
import { readRecords } from './read-records.ts';

export type ReadStats = Stats & {
  /** ISO 8601; null: from the first record on. */
  since: string | null;
  /** Lines that are no records: cut by a crash, or damaged. */
  badLines: number;
};

/** @throws AppError where the records cannot be read. */
export async function readStats(folder: string, sinceMs: number | undefined): Promise<ReadStats> {
  const counter = countRecords();
  const { badLines } = await readRecords(folder, sinceMs ?? -Infinity, counter.add);
  return { since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(), ...counter.stats(), badLines };
}
