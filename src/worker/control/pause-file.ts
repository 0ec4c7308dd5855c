/**
 * The pause that a person asked for, as a file in the data folder: it is for every worker there, running or started later, and
 * survives restarts. Here it is read, written and taken away; what it does to a worker is keep-pause's.
 */
import { chown, mkdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { systemErrorCode } from '../../app-error.ts';
import { writeFileAtomic } from '../../atomic-file.ts';

const pauseSchema = z.object({
  since: z.iso.datetime(),
  /** Absent: until somebody ends it. */
  until: z.iso.datetime().optional(),
  /** Running tasks are handed back at once. */
  isAtOnce: z.boolean(),
});

export type Pause = { sinceMs: number; untilMs?: number | undefined; isAtOnce: boolean };

/** What is asked for. */
export type PauseRequest = { forMs?: number | undefined; isAtOnce: boolean };

export const longestPauseMs = 30 * 86_400_000;
/** A clock that was set back by less may be another one than that which wrote the file. */
const clockToleranceMs = 60_000;

export function pauseFrom({ forMs, isAtOnce }: PauseRequest, nowMs: number): Pause {
  return { sinceMs: nowMs, isAtOnce, ...(forMs === undefined ? {} : { untilMs: nowMs + forMs }) };
}

/**
 * The pause as it is now: undefined when it is over. One that lies in the future begins now: the clock was set back, and a pause
 * of two hours must not last until next year.
 */
export function pauseNow(pause: Pause | undefined, nowMs: number): Pause | undefined {
  if (pause === undefined) return undefined;
  const { sinceMs, untilMs, isAtOnce } = pause;
  if (untilMs === undefined) return pause;
  if (nowMs < sinceMs - clockToleranceMs) return pauseFrom({ forMs: untilMs - sinceMs, isAtOnce }, nowMs);
  return nowMs < untilMs ? pause : undefined;
}

/** @returns undefined where it is no pause. */
export function parsePause(text: string): Pause | undefined {
  try {
    const { since, until, isAtOnce } = pauseSchema.parse(JSON.parse(text));
    const pause = { sinceMs: Date.parse(since), isAtOnce };
    if (until === undefined) return pause;
    const untilMs = Date.parse(until);
    return untilMs - pause.sinceMs > longestPauseMs || untilMs < pause.sinceMs ? undefined : { ...pause, untilMs };
  } catch {
    return undefined;
  }
}

export function pauseText({ sinceMs, untilMs, isAtOnce }: Pause): string {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const until = untilMs === undefined ? {} : { until: iso(untilMs) };
  return `${JSON.stringify({ since: iso(sinceMs), ...until, isAtOnce })}\n`;
}

/** @returns undefined where there is none. @throws where it cannot be read. */
export async function readPauseText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** @throws where it cannot be written. */
export async function writePause(file: string, pause: Pause): Promise<void> {
  const folder = path.dirname(file);
  const made = await mkdir(folder, { recursive: true });
  await writeFileAtomic(file, pauseText(pause));
  // Root may speak for a service, whose folders they are.
  if (process.getuid?.() !== 0) return;
  const owned = await stat(made === undefined ? folder : path.dirname(made));
  for (let own = file; own.length >= (made ?? file).length; own = path.dirname(own)) {
    await chown(own, owned.uid, owned.gid);
  }
}

/** @returns whether there was one. @throws where it cannot be taken away. */
export async function removePause(file: string): Promise<boolean> {
  const text = await readPauseText(file);
  await rm(file, { force: true });
  return text !== undefined;
}
