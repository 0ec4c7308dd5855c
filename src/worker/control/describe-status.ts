/** The status of a worker as a block of lines for people, times as their clock shows them. Pure. */
import { printable } from '../../printable.ts';
import { clockTime, shortId } from '../report/describe-event.ts';
import type { WorkerStatus } from './worker-status.ts';

const phaseNames = {
  download: 'downloading',
  decode: 'decoding',
  transcribe: 'transcribing',
  deliver: 'delivering',
} as const;

type Work = NonNullable<WorkerStatus['slots'][number]['work']>;

/** The first line names the worker; those that follow are indented. */
export function describeStatus(status: WorkerStatus): string[] {
  const { worker, pid, version, startedAt, server, model, slots, ahead, delivering } = status;
  const name = worker === undefined ? 'A worker' : `Worker ${printable(worker)}`;
  const rows: [label: string, text: string | undefined][] = [
    ['State', describeState(status)],
    ['Server', describeServer(server)],
    ['Model', model],
    ...slots.map(({ slot, work }): [string, string] => [
      `Slot ${slot}`,
      work === undefined ? 'waits for a task' : describeWork(work),
    ]),
    ...ahead.map((work): [string, string] => [
      'Ahead',
      isReady(work) ? `ready ${shortId(work.task)}` : describeWork(work),
    ]),
    ...delivering.map(({ task }): [string, string] => ['Delivering', shortId(task)]),
    ['Outbox', describeOutbox(status.outbox)],
    ['Last error', describeError(status.lastError)],
    ['Done', describeTotals(status)],
  ];
  const lines = rows.flatMap(([label, text]) =>
    text === undefined ? [] : [`  ${label.padEnd(11)}${printable(text)}`],
  );
  return [`${name} (pid ${pid}, version ${printable(version)}), since ${localTime(startedAt)}`, ...lines];
}

/** `2026-11-22 14:05:09`, as the clocks here show it. */
export function localTime(at: string | number): string {
  const time = new Date(at);
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

/** `until 2026-11-22 14:05:09`, or until when else. */
export const describeUntil = (until: string | number | undefined): string =>
  until === undefined ? 'until "stt resume"' : `until ${localTime(until)}`;

function describeState({ state, closures, server, slots, ahead }: WorkerStatus): string {
  const running = slots.filter(({ work }) => work !== undefined).length + ahead.length;
  const inHand = running === 0 ? '' : `; ${running} ${running === 1 ? 'task' : 'tasks'} in hand`;
  if (closures.length > 0) return closures.map(describeClosure).join('; and ') + inHand;
  if (state === 'idle' && server.isAway) return 'idle, the server cannot be used';
  if (state === 'idle' && server.hasNoTask) return 'idle, the server has no task now';
  return state;
}

function describeClosure({ why, reason, until }: WorkerStatus['closures'][number]): string {
  const end = until === undefined ? '' : localTime(until);
  switch (why) {
    case 'hours':
      return `outside its working hours${end === '' ? '' : `, the next begin at ${end}`}`;
    case 'pause':
      return `${reason}, ${describeUntil(until)}`;
    case 'broken':
      return `BROKEN, it takes no tasks: ${reason}${end === '' ? '' : ` (tries itself again at ${end})`}`;
    case 'drain':
    case 'stop':
      break;
  }
  return `stopping: ${reason}`;
}

function describeServer({ url, isAway, reason, since }: WorkerStatus['server']): string | undefined {
  if (!isAway) return url;
  const from = since === undefined ? '' : ` since ${localTime(since)}`;
  return `${url ?? ''} AWAY${from}: ${reason ?? 'no reason given'}`.trim();
}

/** Decoded, and waiting for a slot. */
const isReady = ({ phase, progress }: Work): boolean => phase === 'decode' && progress === 1;

/** `transcribing 3f2a9c01   45 %  12.4 x real time  0:35 left`. */
function describeWork({ task, phase, progress, speed, etaSeconds }: Work): string {
  return [
    `${phaseNames[phase]} ${shortId(task)}`,
    `${Math.floor(progress * 100)} %`,
    speed === undefined ? '' : `${speed.toFixed(1)} x real time`,
    etaSeconds === undefined ? '' : `${clockTime(etaSeconds)} left`,
  ]
    .filter(Boolean)
    .join(', ');
}

function describeOutbox({ waiting, refused, lastReason }: WorkerStatus['outbox']): string {
  if (waiting + refused === 0) return 'empty';
  const parts = [
    waiting > 0 && `${waiting} waiting to be delivered`,
    refused > 0 && `${refused} refused by the server and kept`,
    lastReason !== undefined && `last: ${lastReason}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function describeError(error: WorkerStatus['lastError']): string | undefined {
  if (error === undefined) return undefined;
  const task = error.task === undefined ? '' : `task ${shortId(error.task)}: `;
  return `${localTime(error.time)} ${task}${error.reason}`;
}

function describeTotals({ totals, engineIdleShare }: WorkerStatus): string {
  const { transcribed, failed, handedBack, leaseLost, audioSeconds, engineSeconds } = totals;
  const parts = [
    `${transcribed} ${transcribed === 1 ? 'recording' : 'recordings'}`,
    audioSeconds > 0 && `${(audioSeconds / 3600).toFixed(2)} h of audio`,
    engineSeconds > 0 && `${(audioSeconds / engineSeconds).toFixed(1)} x real time`,
    failed > 0 && `${failed} failed`,
    handedBack > 0 && `${handedBack} handed back`,
    leaseLost > 0 && `${leaseLost} lost to another worker`,
    engineIdleShare !== undefined && `engine idle ${(engineIdleShare * 100).toFixed(1)} %`,
  ];
  return parts.filter(Boolean).join(', ');
}
