/** What the calls below /api take and answer: one schema each, for checking, for the types and for the OpenAPI page. */
import { z } from 'zod';
import type { TaskDetails, TaskSelection, TaskSummary } from '../queue/task-desk.ts';
import { startsFrom, type TaskState } from '../queue/task-state.ts';

/** Every state is one that something starts from. */
export const taskStates = [...new Set(Object.values(startsFrom).flat())] as [TaskState, ...TaskState[]];
const state = z.enum(taskStates);
const taskId = z.int().positive();
/** RFC 3339, UTC. */
const time = z.iso.datetime();
const count = z.int().nonnegative();
const dayMs = 86_400_000;
const mostTasks = 1000;

/** Of one page. Strict, as all here: a condition with a slip in its name must not become no condition. */
export const taskQuery = z.strictObject({
  state: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(state))
    .optional(),
  path: z.string().min(1).max(4096).optional(),
  after: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().min(1).max(mostTasks).default(100),
});

export const selectionMessage = z.strictObject({
  ids: z.array(taskId).max(mostTasks).optional(),
  states: z.array(state).min(1).optional(),
  path_contains: z.string().min(1).max(4096).optional(),
  older_than_days: z.number().nonnegative().max(100_000).optional(),
  dry_run: z.boolean().optional(),
});

export function selectionOf(message: z.infer<typeof selectionMessage>, now: number): TaskSelection {
  const { ids, states, path_contains: pathPart, older_than_days: days } = message;
  return { taskIds: ids, states, pathPart, changedBefore: days === undefined ? undefined : now - days * dayMs };
}

export const changedAnswer = z.object({ count, dry_run: z.boolean() });

const taskShape = {
  id: taskId,
  path: z.string(),
  state,
  language: z.string(),
  size_bytes: count,
  attempts: count,
  grants: count,
  reason: z.string().nullable(),
  is_offered: z.boolean(),
  created_at: time,
  changed_at: time,
  available_at: time.nullable(),
};
const lease = z.object({
  grant: count,
  worker: z.string().nullable(),
  ip: z.string(),
  granted_at: time,
  ended_at: time.nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
});

export const taskAnswer = z.object(taskShape);
export const taskDetailsAnswer = z.object({ ...taskShape, leases: z.array(lease) });
export const taskPageAnswer = z.object({ tasks: z.array(taskAnswer), next: taskId.nullable() });
export const statusAnswer = z.object({
  version: z.string(),
  ready: z.boolean(),
  not_ready_because: z.string().nullable(),
  tasks: z.object(Object.fromEntries(taskStates.map((name) => [name, count])) as Record<TaskState, typeof count>),
  live_leases: count,
  oldest_pending_at: time.nullable(),
});

const written = (at: number): string => new Date(at).toISOString();
const writtenOrNull = (at: number | undefined): string | null => (at === undefined ? null : written(at));

export function writeTask(task: TaskSummary): z.infer<typeof taskAnswer> {
  return {
    id: task.taskId,
    path: task.path,
    state: task.state,
    language: task.language,
    size_bytes: task.sizeBytes,
    attempts: task.attempts,
    grants: task.epoch,
    reason: task.reason ?? null,
    is_offered: task.isOffered,
    created_at: written(task.createdAt),
    changed_at: written(task.changedAt),
    available_at: writtenOrNull(task.availableAt),
  };
}

export function writeTaskDetails(task: TaskDetails): z.infer<typeof taskDetailsAnswer> {
  const leases = task.leases.map(({ epoch, worker, ip, grantedAt, endedAt, outcome, reason }) => ({
    grant: epoch,
    worker: worker ?? null,
    ip,
    granted_at: written(grantedAt),
    ended_at: writtenOrNull(endedAt),
    outcome: outcome ?? null,
    reason: reason ?? null,
  }));
  return { ...writeTask(task), leases };
}
