/**
 * What is remembered of a task that ended on this worker: one line of JSON, from which `stt stats` counts. Pure. Nothing of the
 * recording or its transcript is in it. Lines of older and newer versions must stay readable: fields are only ever added.
 */
import type { TaskEndEvent, WorkerEvent } from '../worker-event.ts';

export type TaskRecord = {
  /** Wall time, ms. */
  timeMs: number;
  event: TaskEndEvent['event'];
  outcome?: string;
  suspect?: readonly string[];
  fault?: string;
  phase?: string;
  reason?: string;
  audioSeconds?: number;
  engineSeconds?: number;
};

const longestReason = 500;

export function isTaskEnd(event: WorkerEvent): event is TaskEndEvent {
  return endEvents.has(event.event);
}

const endEvents: ReadonlySet<string> = new Set<TaskEndEvent['event']>([
  'transcribed',
  'failed',
  'lease_lost',
  'handed_back',
]);

/** @param about the worker that did it, and with which model. */
export function taskRecordLine(end: TaskEndEvent, timeMs: number, about: { model: string; worker: string }): string {
  const record = {
    time: new Date(timeMs).toISOString(),
    event: end.event,
    task: end.task,
    ...('outcome' in end && { outcome: end.outcome, audioSeconds: end.audioSeconds, engineSeconds: end.engineSeconds }),
    ...('suspect' in end && { suspect: end.suspect }),
    ...('fault' in end && { fault: end.fault }),
    ...('phase' in end && { phase: end.phase }),
    ...('reason' in end && { reason: end.reason.slice(0, longestReason) }),
    takenSeconds: end.takenSeconds,
    language: end.language,
    ...about,
  };
  return `${JSON.stringify(record)}\n`;
}

/** @returns undefined for what is no such line: cut by a crash, damaged, written by something else. */
export function parseTaskRecord(line: string): TaskRecord | undefined {
  const found = parseObject(line);
  const event = found?.['event'];
  const timeMs = typeof found?.['time'] === 'string' ? Date.parse(found['time']) : Number.NaN;
  if (found === undefined || !isEndName(event) || Number.isNaN(timeMs)) return undefined;
  const record: TaskRecord = { timeMs, event };
  for (const name of ['outcome', 'fault', 'phase', 'reason'] as const) {
    const value = found[name];
    if (typeof value === 'string') record[name] = value;
  }
  for (const name of ['audioSeconds', 'engineSeconds'] as const) {
    const value = found[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || value < 0) return undefined;
    record[name] = value;
  }
  const { suspect } = found;
  if (Array.isArray(suspect)) record.suspect = suspect.filter((reason) => typeof reason === 'string');
  return record;
}

const isEndName = (name: unknown): name is TaskEndEvent['event'] => typeof name === 'string' && endEvents.has(name);

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
