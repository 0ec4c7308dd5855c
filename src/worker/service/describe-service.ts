/** What a worker does, in the one line that `systemctl status` shows; made of the same status as `stt status`. Pure. */
import type { WorkerStatus } from '../control/worker-status.ts';

type Closure = WorkerStatus['closures'][number];

/** @param nowMs a time of today is told without its date. */
export function describeService(status: WorkerStatus, nowMs: number): string {
  const { state, closures, server } = status;
  const work = describeWork(status);
  if (closures.length > 0) {
    const why = closures.map((closure) => describeClosure(closure, nowMs)).join('; and ');
    const count = tasksInHand(status);
    return [why, ...(count === 0 ? [] : [`${count} ${count === 1 ? 'task' : 'tasks'} in hand`])].join('; ');
  }
  if (state === 'stopping') return 'stopping';
  if (state === 'starting') return 'starting';
  const away = server.isAway ? [`the server is away: ${server.reason ?? 'no reason given'}`] : [];
  if (state === 'working' || status.delivering.length > 0) return [work, ...away].join('; ');
  const idle = server.hasNoTask ? 'idle: the server has no task' : 'idle: the server is asked for a task';
  return [...(away.length > 0 ? away : [idle]), ...outboxOf(status)].join(', ');
}

function describeWork(status: WorkerStatus): string {
  const { ahead, delivering } = status;
  const running = runningIn(status);
  const parts = [
    running > 0 && `transcribing ${running}`,
    ahead.length > 0 && `${ahead.length} ahead`,
    delivering.length > 0 && `delivering ${delivering.length}`,
    ...outboxOf(status),
  ];
  return parts.filter(Boolean).join(', ');
}

const runningIn = ({ slots }: WorkerStatus): number => slots.filter(({ work }) => work !== undefined).length;

const tasksInHand = (status: WorkerStatus): number =>
  runningIn(status) + status.ahead.length + status.delivering.length;

const outboxOf = ({ outbox: { waiting } }: WorkerStatus): string[] =>
  waiting > 0 ? [`${waiting} waiting in the outbox`] : [];

function describeClosure({ why, reason, until }: Closure, nowMs: number): string {
  const end = until === undefined ? '' : ` until ${localTime(until, nowMs)}`;
  switch (why) {
    case 'hours':
      return `outside its working hours${end}`;
    case 'pause':
      return `paused${end === '' ? ' until "stt resume"' : end}`;
    case 'broken':
      return `stopped itself: ${reason}${until === undefined ? '' : ` (it tries itself again at ${localTime(until, nowMs)})`}`;
    case 'drain':
      return 'draining';
    case 'stop':
      break;
  }
  return 'stopping';
}

/** `18:00` today, else `2026-11-23 18:00`; as the clocks here show it. */
function localTime(until: string, nowMs: number): string {
  const shown = (ms: number): string =>
    new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16).replace('T', ' ');
  const at = shown(Date.parse(until));
  return at.slice(0, 10) === shown(nowMs).slice(0, 10) ? at.slice(11) : at;
}
