/**
 * One process at a time changes a settings file: `.NAME.lock` beside it, with the process that holds it. It is held for moments, so
 * others wait for it; a lock whose holder is gone is taken over.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, systemErrorCode } from '../app-error.ts';
import { createFileAtomic } from '../atomic-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { processStart } from '../process-start.ts';

/** Ids are used again: `start` tells whether it is the same process still. */
const holderSchema = z.object({ host: z.string(), pid: z.int().positive(), start: z.int().nonnegative() });
type Holder = z.infer<typeof holderSchema>;

const pauseMs = 20;

/** @throws AppError where another process holds it all the time. */
export async function withEnvFileLock<T>(file: string, action: () => Promise<T>, longestWaitMs = 10_000): Promise<T> {
  const lock = lockOf(file);
  const own: Holder = { host: hostname(), pid: process.pid, start: processStart(process.pid) ?? 0 };
  let waitedMs = 0;
  while (!(await createFileAtomic(lock, JSON.stringify(own), 0o600))) {
    const found = await readLock(lock);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder === undefined || isGone(holder)) await removeStale(lock, found);
    else {
      if (waitedMs >= longestWaitMs) throw isHeld(file, holder);
      await sleep(pauseMs);
      waitedMs += pauseMs;
    }
  }
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

export const lockOf = (file: string): string => path.join(path.dirname(file), `.${path.basename(file)}.lock`);

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

/** Of a process on another machine nobody here can tell. */
const isGone = ({ host, pid, start }: Holder): boolean => host === hostname() && processStart(pid) !== start;

/** Moved away first: only one of two that found the same stale lock can do that. A fresh lock moved by mistake goes back. */
async function removeStale(lock: string, stale: string): Promise<void> {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== stale) await createFileAtomic(lock, moved, 0o600);
  await rm(aside, { force: true });
}

function isHeld(file: string, { host, pid }: Holder): AppError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new AppError(`The settings file ${file} is being changed by process ${pid}${where}.`, {
    code: 'STT_ENV_FILE',
    hint: `Nothing in it was changed. Try again; if that process is no stt, delete ${lockOf(file)}.`,
    exitCode: exitCodes.temporary,
  });
}
