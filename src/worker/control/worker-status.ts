/**
 * What a running worker is doing, as one value: made from its events alone, and read by `stt status`. Pure: a reducer over events
 * and time. Text of strangers is made printable on its way in. The field names are a contract with scripts that read `--json`.
 */
import { z } from 'zod';
import { printable } from '../../printable.ts';
import { phases } from '../../protocol/messages.ts';
import { addToSummary, type Closure, emptySummary, type Summary, type WorkerEvent } from '../worker-event.ts';

/** ISO 8601, UTC. */
const time = z.iso.datetime();
const text = z.string().max(2000);
const amount = z.number().nonnegative();
const work = { task: text, phase: z.enum(phases), progress: z.number().min(0).max(1) };

const summary: z.ZodType<Summary> = z.object({
  transcribed: amount,
  noSpeech: amount,
  suspect: amount,
  failed: amount,
  leaseLost: amount,
  handedBack: amount,
  refused: amount,
  waiting: amount,
  audioSeconds: amount,
  engineSeconds: amount,
  engineIdleSeconds: amount,
});

const slotStatus = z.object({
  slot: z.int().positive(),
  /** What it works on; absent while it has nothing. */
  work: z
    .object({
      ...work,
      /** Audio seconds per wall second. */
      speed: amount.optional(),
      etaSeconds: amount.optional(),
      /** When its engine began. */
      transcribingSince: time.optional(),
    })
    .optional(),
});

export const workerStatusSchema = z.object({
  pid: z.int().positive(),
  version: text,
  startedAt: time,
  /**
   * `closed`: it takes no tasks for now, and `closures` say why; tasks may still be running. `stopping`: it takes none any more.
   * `idle`: it has nothing to do, since the server has no task or is away.
   */
  state: z.enum(['starting', 'working', 'idle', 'closed', 'stopping']),
  /** Absent until it has begun. */
  worker: text.optional(),
  server: z.object({
    url: text.optional(),
    isAway: z.boolean(),
    reason: text.optional(),
    since: time.optional(),
    /** It said so when it was last asked. */
    hasNoTask: z.boolean(),
  }),
  model: text.optional(),
  closures: z.array(
    z.object({ why: z.enum(['hours', 'pause', 'broken', 'drain', 'stop']), reason: text, until: time.optional() }),
  ),
  slots: z.array(slotStatus),
  /** Claimed, and being prepared for a slot. */
  ahead: z.array(z.object(work)),
  /** Their engine is done; the server is being told. */
  delivering: z.array(z.object({ task: text })),
  outbox: z.object({ waiting: amount, refused: amount, lastReason: text.optional() }),
  lastError: z.object({ time, reason: text, task: text.optional() }).optional(),
  totals: summary,
  /** Of the time in which there was work: how much of it engines stood still, 0 to 1. Absent before the first work. */
  engineIdleShare: z.number().min(0).max(1).optional(),
});

export type WorkerStatus = z.infer<typeof workerStatusSchema>;

/** What events tell; the rest is known when somebody asks. */
export type StatusFacts = Omit<WorkerStatus, 'state' | 'closures' | 'engineIdleShare'> & { hasEnded: boolean };

type SlotStatus = WorkerStatus['slots'][number];

export function factsAtStart(start: {
  pid: number;
  version: string;
  startedAtMs: number;
  /** Letters that wait in the outbox already. */
  waiting: number;
}): StatusFacts {
  const { pid, version, startedAtMs, waiting } = start;
  return {
    pid,
    version,
    startedAt: iso(startedAtMs),
    server: { isAway: false, hasNoTask: false },
    slots: [],
    ahead: [],
    delivering: [],
    outbox: { waiting, refused: 0 },
    totals: { ...emptySummary, waiting },
    hasEnded: false,
  };
}

/** @param nowMs when it happened. */
export function addToFacts(before: StatusFacts, event: WorkerEvent, nowMs: number): StatusFacts {
  const facts = { ...before, totals: addToSummary(before.totals, event) };
  switch (event.event) {
    case 'started': {
      const slots = Array.from({ length: event.slots }, (_, index) => ({ slot: index + 1 }));
      const { worker, server: url, model } = event;
      return {
        ...facts,
        worker: printable(worker),
        model: printable(model),
        server: { ...facts.server, url: printable(url) },
        slots,
      };
    }
    case 'server_away':
      return {
        ...facts,
        server: { ...facts.server, isAway: true, reason: printable(event.reason), since: iso(nowMs) },
      };
    case 'server_back':
      return { ...facts, server: serverHere(facts) };
    case 'idle':
      return { ...facts, server: { ...serverHere(facts), hasNoTask: true } };
    case 'claimed': {
      const claimed = { task: event.task, phase: 'download', progress: 0 } as const;
      const rest = withoutTask(facts, event.task);
      return { ...rest, server: serverHere(facts), ahead: [...rest.ahead, claimed] };
    }
    case 'progress':
      return addProgress(facts, event, nowMs);
    case 'transcribed':
    case 'lease_lost':
      return withoutTask(facts, event.task);
    case 'failed':
      return withError(withoutTask(facts, event.task), event.reason, nowMs, event.task);
    case 'handed_back': {
      const rest = withoutTask(facts, event.task);
      return event.fault === undefined ? rest : withError(rest, event.reason, nowMs, event.task);
    }
    case 'waiting':
      return withOutbox(facts, { waiting: facts.outbox.waiting + 1, lastReason: printable(event.reason) });
    case 'delivered':
      return withOutbox(facts, { waiting: Math.max(0, facts.outbox.waiting - 1) });
    case 'refused': {
      // One whose task is still in hand was refused at once: it has not waited.
      const waited = isInHand(facts, event.task) ? 0 : 1;
      const counted = withOutbox(facts, {
        waiting: Math.max(0, facts.outbox.waiting - waited),
        refused: facts.outbox.refused + 1,
        lastReason: printable(event.reason),
      });
      return withError(counted, `the server refused it: ${event.reason}`, nowMs, event.task);
    }
    case 'summary': {
      const { event: _, demoModel: __, ...totals } = event;
      return { ...withOutbox(facts, { waiting: event.waiting }), totals, hasEnded: true };
    }
    case 'error':
      return { ...withError(facts, event.message, nowMs), hasEnded: true };
    case 'warning':
    case 'closed':
    case 'opened':
      // What it is closed for is asked of the permit: of several reasons one may end without an event.
      break;
  }
  return facts;
}

/** @param closures of the permit. @param engineIdleSeconds all slots together. */
export function statusNow(
  { hasEnded, ...facts }: StatusFacts,
  { closures, engineIdleSeconds, nowMs }: { closures: readonly Closure[]; engineIdleSeconds: number; nowMs: number },
): WorkerStatus {
  const totals = { ...facts.totals, waiting: facts.outbox.waiting, engineIdleSeconds };
  const busySeconds = totals.engineSeconds + secondsOfRunning(facts.slots, nowMs);
  const allSeconds = busySeconds + engineIdleSeconds;
  return {
    ...facts,
    totals,
    state: stateOf(facts, hasEnded, closures),
    closures: closures.map(({ why, reason, untilMs }) => ({
      why,
      reason: printable(reason),
      ...(untilMs === undefined ? {} : { until: iso(untilMs) }),
    })),
    ...(allSeconds > 0 ? { engineIdleShare: engineIdleSeconds / allSeconds } : {}),
  };
}

function stateOf(
  facts: Omit<StatusFacts, 'hasEnded'>,
  hasEnded: boolean,
  closures: readonly Closure[],
): WorkerStatus['state'] {
  if (hasEnded || closures.some(({ why }) => why === 'stop' || why === 'drain')) return 'stopping';
  if (closures.length > 0) return 'closed';
  if (facts.worker === undefined) return 'starting';
  const isBusy = facts.ahead.length > 0 || facts.slots.some(({ work }) => work !== undefined);
  return isBusy ? 'working' : 'idle';
}

function addProgress(
  facts: StatusFacts,
  event: Extract<WorkerEvent, { event: 'progress' }>,
  nowMs: number,
): StatusFacts {
  const { task, phase, slot, speed, etaSeconds } = event;
  const progress = Math.min(1, Math.max(0, event.progress));
  if (phase === 'deliver') {
    const rest = withoutTask(facts, task);
    return { ...rest, delivering: [...rest.delivering, { task }] };
  }
  if (slot === undefined) {
    const isKnown = facts.ahead.some((other) => other.task === task);
    const ahead = facts.ahead.map((other) => (other.task === task ? { task, phase, progress } : other));
    return { ...facts, ahead: isKnown ? ahead : [...withoutTask(facts, task).ahead, { task, phase, progress }] };
  }
  const before = facts.slots.find((other) => other.slot === slot)?.work;
  const began = before?.task === task ? before.transcribingSince : undefined;
  const since = phase === 'transcribe' ? (began ?? iso(nowMs)) : undefined;
  const work = {
    task,
    phase,
    progress,
    ...(speed === undefined ? {} : { speed }),
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
    ...(since === undefined ? {} : { transcribingSince: since }),
  };
  const rest = withoutTask(facts, task);
  // Who was there before has left its engine, though its end was not told yet.
  const left = before === undefined || before.task === task ? [] : [{ task: before.task }];
  return {
    ...rest,
    slots: rest.slots.map((other) => (other.slot === slot ? { slot, work } : other)),
    delivering: [...rest.delivering, ...left],
  };
}

function withoutTask(facts: StatusFacts, task: string): StatusFacts {
  const isOther = (other: { task: string }): boolean => other.task !== task;
  return {
    ...facts,
    ahead: facts.ahead.filter(isOther),
    delivering: facts.delivering.filter(isOther),
    slots: facts.slots.map(({ slot, work }) => (work === undefined || !isOther(work) ? { slot } : { slot, work })),
  };
}

const isInHand = ({ ahead, delivering, slots }: StatusFacts, task: string): boolean =>
  [...ahead, ...delivering, ...slots.map(({ work }) => work)].some((other) => other?.task === task);

const serverHere = ({ server: { url } }: StatusFacts): StatusFacts['server'] => ({
  ...(url === undefined ? {} : { url }),
  isAway: false,
  hasNoTask: false,
});

const withOutbox = (facts: StatusFacts, change: Partial<StatusFacts['outbox']>): StatusFacts => ({
  ...facts,
  outbox: { ...facts.outbox, ...change },
});

const withError = (facts: StatusFacts, reason: string, nowMs: number, task?: string): StatusFacts => ({
  ...facts,
  lastError: { time: iso(nowMs), reason: printable(reason), ...(task === undefined ? {} : { task }) },
});

/** Engines that run now, and are not in the totals yet. */
const secondsOfRunning = (slots: readonly SlotStatus[], nowMs: number): number =>
  slots.reduce((sum, { work }) => {
    if (work?.transcribingSince === undefined) return sum;
    return sum + Math.max(0, nowMs - Date.parse(work.transcribingSince)) / 1000;
  }, 0);

const iso = (ms: number): string => new Date(ms).toISOString();
