/**
 * One download to a file at a time: `FILE.lock` with the process that holds it. A lock whose holder is gone is taken over. Of a
 * process elsewhere (another machine or container with the same folder) the part tells whether it lives: it grows.
 */
import { rename, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { AppError, systemErrorCode } from '../app-error.ts';
import { createFileAtomic } from '../atomic-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { processStart } from '../process-start.ts';

/** Ids are used again, in containers at every start: `start` tells whether it is the same process still. */
const holderSchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  start: z.int().nonnegative(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/** Longer than the longest wait that a server may ask for. */
const silentMs = 180_000;

/** @throws AppError STT_DOWNLOAD_RUNNING when a living process holds it. */
export async function withDownloadLock<T>(file: string, nowMs: number, action: () => Promise<T>): Promise<T> {
  const lock = lockOf(file);
  const start = processStart(process.pid) ?? 0;
  const own = JSON.stringify({ host: hostname(), pid: process.pid, start, since: new Date(nowMs).toISOString() });
  while (!(await createFileAtomic(lock, own))) {
    const found = await readLock(lock);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder !== undefined && (await isAlive(holder, file, nowMs))) throw isHeld(file, holder);
    await removeStale(lock, found);
  }
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @throws AppError STT_DOWNLOAD_RUNNING when somebody is downloading to `file` now. */
export async function refuseWhileDownloading(file: string, nowMs: number): Promise<void> {
  const found = await readLock(lockOf(file));
  const holder = found === undefined ? undefined : parseHolder(found);
  if (holder !== undefined && (await isAlive(holder, file, nowMs))) throw isHeld(file, holder);
}

export const lockOf = (file: string): string => `${file}.lock`;

async function readLock(lock: string): Promise<string | undefined> {
  try {
    return await readFile(lock, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(content: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder, file: string, nowMs: number): Promise<boolean> {
  // Containers may share a host name and not their processes: then it counts as gone, and two would write; the hash tells.
  if (holder.host === hostname()) return processStart(holder.pid) === holder.start;
  const touched = await Promise.all([lockOf(file), `${file}.part`].map(touchedAtMs));
  return nowMs - Math.max(...touched) < silentMs;
}

async function touchedAtMs(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return 0;
  }
}

/** Moved away first: only one of two that found the same stale lock can do that. A fresh lock moved by mistake goes back. */
async function removeStale(lock: string, stale: string): Promise<void> {
  const aside = `${lock}.stale-${process.pid}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== stale) await createFileAtomic(lock, moved);
  await rm(aside, { force: true });
}

function isHeld(file: string, { host, pid, since }: Holder): AppError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new AppError(`${path.basename(file)} is being downloaded by process ${pid}${where}, since ${since}.`, {
    code: 'STT_DOWNLOAD_RUNNING',
    hint: `Wait for it to end. If that process is no download, delete ${lockOf(file)}.`,
    exitCode: exitCodes.temporary,
  });
}
