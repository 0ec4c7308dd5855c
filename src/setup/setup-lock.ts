/**
 * One set-up at a time on a data folder: a lock file with the holder's process id. A lock whose holder is gone is taken over, and
 * what the holder had running is ended first. It tells people who holds it; it is no defence against somebody who deletes it.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError, systemErrorCode } from '../app-error.ts';
import { createFileAtomic } from '../atomic-file.ts';
import type { DataPaths } from '../config/data-paths.ts';
import { exitCodes } from '../exit-codes.ts';
import { processStart } from '../process-start.ts';
import { endProcessGroup } from '../run-child.ts';

/** Ids are used again, in containers at every start: `start` tells whether it is the same process still. */
const processSchema = z.object({ pid: z.int().min(2), start: z.int().nonnegative() });
const holderSchema = processSchema.extend({
  pid: z.int().positive(),
  since: z.string(),
  /** The leader of the group of processes that the holder has running. */
  group: processSchema.optional(),
});
type Holder = z.infer<typeof holderSchema>;

/** One for all that changes engines: a build, a switch, an adoption. */
export const setupLockFile = (paths: DataPaths): string => path.join(paths.folder, 'setup.lock');

export type SetupLock = {
  /** Notes what the holder has running, so that it can be ended should the holder be killed. */
  recordGroup: (group: number) => void;
};

/** @throws AppError STT_SETUP_RUNNING when a living process holds it. */
export async function withSetupLock<T>(file: string, now: Date, action: (lock: SetupLock) => Promise<T>): Promise<T> {
  const holder: Holder = { pid: process.pid, start: processStart(process.pid) ?? 0, since: now.toISOString() };
  await takeLock(file, holder);
  try {
    return await action({
      recordGroup(group) {
        const aside = `${file}.new-${process.pid}`;
        try {
          writeFileSync(aside, JSON.stringify({ ...holder, group: { pid: group, start: processStart(group) ?? 0 } }));
          renameSync(aside, file);
        } catch {
          // A full disk: the build will say so itself, and must not be left running without its owner.
        }
      },
    });
  } finally {
    await rm(file, { force: true });
  }
}

async function takeLock(file: string, own: Holder): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  while (!(await createFileAtomic(file, JSON.stringify(own)))) {
    const found = await readLock(file);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder !== undefined && processStart(holder.pid) === holder.start) throw isHeld(file, holder);
    if (holder?.group !== undefined) await endOrphans(holder.group);
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

function parseHolder(content: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
}

/** A leader that is gone may have left others in its group; where its id is another process by now, the group is not ours. */
async function endOrphans(leader: z.infer<typeof processSchema>): Promise<void> {
  const start = processStart(leader.pid);
  if (start === undefined || start === leader.start) await endProcessGroup(leader.pid);
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
