/**
 * Reads the records of a folder, month by month, a line at a time: it holds no more than a piece of a file, whatever its size. What
 * is no record is counted and passed over.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { monthFile } from './open-records.ts';
import { parseTaskRecord, type TaskRecord } from './task-record.ts';

const newline = 10;
/** Records have some hundred bytes; a longer line is none, and is not gathered. */
const longestLineBytes = 64 * 1024;

/**
 * @param onRecord gets every record from `sinceMs` on.
 * @returns how many lines were no records.
 * @throws AppError where the folder or a file cannot be read.
 */
export async function readRecords(
  folder: string,
  sinceMs: number,
  onRecord: (record: TaskRecord) => void,
): Promise<{ badLines: number }> {
  let badLines = 0;
  const onLine = (line: string | undefined): void => {
    if (line === '') return;
    const record = line === undefined ? undefined : parseTaskRecord(line);
    if (record === undefined) badLines += 1;
    else if (record.timeMs >= sinceMs) onRecord(record);
  };
  try {
    for (const file of await monthFiles(folder, sinceMs)) await readLines(file, onLine);
  } catch (error) {
    throw new AppError(`The records in ${folder} cannot be read: ${messageOf(error)}.`, {
      code: 'STT_RECORDS',
      hint: 'Run it as the user that the worker runs as, and with the same STT_DATA_DIR.',
      exitCode: exitCodes.noInput,
      cause: error,
    });
  }
  return { badLines };
}

/** In order of time; without those that end before. */
async function monthFiles(folder: string, sinceMs: number): Promise<string[]> {
  const earliest = Number.isFinite(sinceMs) ? path.basename(monthFile('', sinceMs)) : '';
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && /^\d{4}-\d\d\.jsonl$/u.test(entry.name) && entry.name >= earliest)
      .map(({ name }) => path.join(folder, name))
      .toSorted();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** @param onLine gets undefined for a line that is too long. */
async function readLines(file: string, onLine: (line: string | undefined) => void): Promise<void> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const end = (rest: Buffer): void => {
    const isTooLong = begunBytes + rest.byteLength > longestLineBytes;
    onLine(
      isTooLong
        ? undefined
        : Buffer.concat([...begun, rest])
            .toString()
            .trim(),
    );
    begun = [];
    begunBytes = 0;
  };
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = piece.indexOf(newline); at !== -1; at = piece.indexOf(newline, from)) {
      end(piece.subarray(from, at));
      from = at + 1;
    }
    begunBytes += piece.byteLength - from;
    if (begunBytes > longestLineBytes) begun = [];
    else if (from < piece.byteLength) begun.push(piece.subarray(from));
  }
  end(Buffer.alloc(0));
}
