/**
 * One set-up at a time on a data folder: a lock file with the holder's process id. A lock whose holder is gone is taken over. It
 * tells people who holds it; it is no defence against somebody who deletes it.
 */
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError, systemErrorCode } from '../app-error.ts';
import { createFileAtomic } from '../atomic-file.ts';
import { exitCodes } from '../exit-codes.ts';

const holderSchema = z.object({ pid: z.int().positive(), since: z.string() });

/** @throws AppError STT_SETUP_RUNNING when a living process holds it. */
export async function withSetupLock<T>(file: string, now: Date, action: () => Promise<T>): Promise<T> {
  await takeLock(file, now);
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}

async function takeLock(file: string, now: Date): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const content = JSON.stringify({ pid: process.pid, since: now.toISOString() });
  while (!(await createFileAtomic(file, content))) {
    const found = await readLock(file);
    if (found === undefined) continue;
    const holder = livingHolder(found);
    if (holder !== undefined) throw isHeld(file, holder);
    await removeStale(file, found);
  }
}

async function readLock(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function livingHolder(content: string): z.infer<typeof holderSchema> | undefined {
  let holder;
  try {
    holder = holderSchema.parse(JSON.parse(content));
    process.kill(holder.pid, 0);
    return holder;
  } catch (error) {
    // Alive, but another user's.
    return systemErrorCode(error) === 'EPERM' ? holder : undefined;
  }
}

/** Moved away first: only one of two that found the same stale lock can do that. A fresh lock moved by mistake goes back. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.stale-${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== stale) await createFileAtomic(file, moved);
  await rm(aside, { force: true });
}

function isHeld(file: string, holder: { pid: number; since: string }): AppError {
  return new AppError(`Another set-up is running: process ${holder.pid}, since ${holder.since}.`, {
    code: 'STT_SETUP_RUNNING',
    hint: `Wait for it to end. If that process is no set-up, delete ${file}.`,
    exitCode: exitCodes.temporary,
  });
}
