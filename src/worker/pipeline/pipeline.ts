/**
 * The way of every task: claimed, downloaded, decoded (ahead of the slots), transcribed and judged (in a slot), in the outbox and
 * delivered (behind the slots). Each stage is a module of its own that knows nothing of the others; this is where they meet.
 */
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import type { Engine } from '../../engine/find-engine.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Call } from '../schedule/stop-in-time.ts';
import type { WorkPermit } from '../schedule/work-permit.ts';
import type { ServerClient } from '../wire/server-client.ts';
import type { ServerPresence } from '../wire/server-presence.ts';
import type { Report, TaskEnd } from '../worker-event.ts';
import { isTimeToClaim, measurePreparations } from './claim-ahead.ts';
import { concludeTask } from './conclude-task.ts';
import { type Consequences, weighConsequences } from './consequences.ts';
import { waitForDiskRoom } from './disk-room.ts';
import type { DryTime, EngineIdle } from './engine-idle.ts';
import { keepLease, type LeaseKeeperOptions } from './lease-keeper.ts';
import { createNotifier } from './notifier.ts';
import { prepareTask } from './prepare-task.ts';
import { type ReadyTask, runSlot } from './run-slot.ts';
import { type ClaimedTask, type RunMode, supplyTasks } from './supply.ts';
import { type Finding, findingOf, type Prepared, type TaskInHand } from './task-in-hand.ts';
import { trackProgress } from './task-progress.ts';
import type { WorkFolder } from './work-folder.ts';

export type PipelineOptions = {
  mode: RunMode;
  client: ServerClient;
  presence: ServerPresence;
  engine: Engine;
  slots: number;
  /** Of each slot. */
  threads: number;
  /** GPUs to share among the slots. */
  gpus: number;
  /** Recordings claimed ahead, for each slot. */
  prefetch: number;
  outbox: Outbox;
  workFolder: WorkFolder;
  permit: WorkPermit;
  clock: Clock;
  report: Report;
  /** For what is told to the server of one task. */
  newCall: () => Call;
  /** How long the server may be away in the middle of a task that no engine has begun with. */
  patienceMs: number;
  /** Measure what the slots wait, and what for. */
  dryTime: DryTime;
  engineIdle: EngineIdle;
  /** Called when faults of this worker pile up. Whoever finds that it works again calls `forgive`. */
  onBroken: (reason: string, forgive: () => void) => void;
};

/**
 * Ends when the mode says so, or when the permit is closed for good (drain, stop), with every task at its end.
 * @throws what ends a run that is to end by itself: the server away for too long, this machine in trouble.
 */
export function runPipeline(options: PipelineOptions): Promise<void> {
  return new Pipeline(options).run();
}

class Pipeline {
  readonly #options: PipelineOptions;
  readonly #changes = createNotifier();
  readonly #consequences: Consequences;
  /** Claimed, and with no engine yet. */
  readonly #ahead = new Set<TaskInHand>();
  /** Of those: the ones an engine may begin with. */
  readonly #ready: ReadyTask[] = [];
  readonly #inHand = new Set<Promise<void>>();
  readonly #supplyEnd = new AbortController();
  readonly #running = new Map<TaskInHand, Prepared>();
  readonly #preparations = measurePreparations();
  #isSupplyOver = false;
  /** Heartbeats get no answer. */
  #isMute = false;
  #lastSpeed: number | undefined;
  #fatal: { error: unknown } | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { mode, clock, onBroken } = options;
    const giveUp = (error: unknown): void => this.#giveUp(error);
    this.#consequences = weighConsequences({ mode, clock, onBroken, giveUp });
  }

  async run(): Promise<void> {
    const { permit, slots } = this.#options;
    const stopListening = permit.onChange(() => this.#heedPermit());
    this.#heedPermit();
    const running = Array.from({ length: slots }, (_, index) => this.#runSlot(index + 1));
    await this.#supply();
    await Promise.all(running);
    // Ends may make further ends: each is awaited, also those that began meanwhile.
    while (this.#inHand.size > 0) await Promise.all(this.#inHand);
    stopListening();
    if (this.#fatal !== undefined) throw this.#fatal.error;
  }

  async #supply(): Promise<void> {
    const { workFolder, slots, mode, clock, report } = this.#options;
    try {
      await supplyTasks(
        {
          ...this.#options,
          changes: this.#changes,
          hasRoom: () => this.#hasRoom(),
          diskRoom: (signal) =>
            waitForDiskRoom({
              folder: workFolder.path,
              isAlone: () => this.#inHand.size === 0,
              isAhead: () => this.#running.size + this.#ahead.size >= slots,
              isPatient: mode === 'forever',
              changes: this.#changes,
              clock,
              report,
              signal,
            }),
          restMs: this.#consequences.restMs,
          onTask: (task) => this.#keepTrackOf(this.#takeInHand(task)),
        },
        this.#supplyEnd.signal,
      );
    } catch (error) {
      this.#giveUp(error);
    } finally {
      this.#isSupplyOver = true;
      this.#changes.notify();
    }
  }

  #hasRoom(): boolean {
    const { slots, prefetch } = this.#options;
    const inHand = this.#running.size + this.#ahead.size;
    if (inHand < slots) return true;
    if (inHand >= slots * (1 + prefetch)) return false;
    const running = [...this.#running].map(([{ progress }, { audioSeconds }]) => ({
      audioSeconds,
      secondsLeft: progress.secondsLeft(),
    }));
    return isTimeToClaim(running, this.#preparations.leadSeconds());
  }

  async #takeInHand({ lease, recording }: ClaimedTask): Promise<void> {
    const { client, clock, permit, report, workFolder } = this.#options;
    const claimedAtMs = clock.now();
    report({ event: 'claimed', task: lease.id, language: lease.language });
    const progress = trackProgress(lease.id, clock, report);
    const trouble = (): { trouble?: string } => {
      const broken = permit.closures().find(({ why }) => why === 'broken');
      return broken === undefined ? {} : { trouble: broken.reason };
    };
    const current = () => ({ ...progress.current(), ...trouble() });
    const keeper = keepLease({ lease, client, clock, current, ...this.#presenceWatch() });
    const handBack = new AbortController();
    const task: TaskInHand = {
      lease,
      recordingKey: recording.sha256 ?? lease.id,
      claimedAtMs,
      recording,
      folder: workFolder.newTaskFolder(),
      progress,
      keeper,
      handBack,
      dropped: AbortSignal.any([handBack.signal, keeper.lost]),
    };
    this.#ahead.add(task);
    const { closure } = permit;
    if (closure !== undefined) handBack.abort(new Error(closure.reason));
    const outcome = await prepareTask(task, { client, clock, patienceMs: this.#options.patienceMs });
    if (outcome.kind !== 'prepared') {
      this.#ahead.delete(task);
      this.#changes.notify();
      return this.#conclude(task, outcome);
    }
    this.#preparations.note(outcome.preparationSeconds);
    this.#ready.push({ task, prepared: outcome });
    task.dropped.addEventListener('abort', () => this.#dropReady(task), { once: true });
    if (task.dropped.aborted) this.#dropReady(task);
    this.#changes.notify();
    return undefined;
  }

  /** With every slot at work nothing is claimed: then heartbeats alone tell that the server is away. */
  #presenceWatch(): Pick<LeaseKeeperOptions, 'onAway' | 'onHere'> {
    const { mode, presence } = this.#options;
    // A run that is to end by itself has its own patience, for claims.
    if (mode !== 'forever') return {};
    return {
      onAway: (reason, askedAtMs) => {
        this.#isMute = true;
        presence.away(reason, askedAtMs);
      },
      onHere: () => {
        if (this.#isMute) presence.here();
        this.#isMute = false;
      },
    };
  }

  async #runSlot(slot: number): Promise<void> {
    const { engine, threads, gpus, permit, clock } = this.#options;
    await runSlot({
      slot,
      engine,
      threads,
      device: gpus > 1 ? (slot - 1) % gpus : undefined,
      permit,
      clock,
      idle: this.#options.engineIdle,
      take: () => this.#take(),
      lastSpeed: () => this.#lastSpeed,
      onFinding: (task, finding) => {
        this.#running.delete(task);
        if (finding.kind === 'transcript')
          this.#lastSpeed = finding.audioSeconds / Math.max(0.001, finding.engineSeconds);
        this.#changes.notify();
        this.#keepTrackOf(this.#conclude(task, finding));
      },
    });
  }

  /** The next task for a slot; undefined where there will be none. */
  async #take(): Promise<ReadyTask | undefined> {
    const never = new AbortController().signal;
    for (;;) {
      const next = this.#ready.shift();
      if (next !== undefined) {
        this.#ahead.delete(next.task);
        this.#running.set(next.task, next.prepared);
        return next;
      }
      if (this.#isSupplyOver && this.#ahead.size === 0) return undefined;
      await this.#changes.next(never);
    }
  }

  async #conclude(task: TaskInHand, found: Finding): Promise<void> {
    const { client, outbox, newCall, clock, report } = this.#options;
    const { lease, recordingKey, claimedAtMs } = task;
    using keeper = task.keeper;
    using call = newCall();
    const calls = { client, outbox, signal: call.signal };
    const finding = this.#consequences.weigh(found, recordingKey);
    // Nothing of it is needed any more, and it may fill the disk.
    await task.folder[Symbol.asyncDispose]();
    this.#changes.notify();
    task.progress.enter('deliver');
    let end: TaskEnd;
    try {
      end = await concludeTask(finding, lease, calls);
      this.#consequences.told(found);
    } catch (error) {
      end = await concludeTask(this.#consequences.untold(error, recordingKey), lease, calls);
    }
    const takenSeconds = (clock.now() - claimedAtMs) / 1000;
    report({ ...end, task: lease.id, language: lease.language, takenSeconds });
    void keeper;
    // Node.js keeps a composite signal that somebody listens to until it aborts, and with it all that the listener knows.
    task.handBack.abort(new Error('over'));
    this.#changes.notify();
  }

  /** What no engine has begun with is better with another worker. */
  #heedPermit(): void {
    const { permit } = this.#options;
    const { closure } = permit;
    if (closure === undefined) return;
    if (permit.closures().some(({ why }) => why === 'drain' || why === 'stop')) this.#supplyEnd.abort();
    const reason = new Error(closure.reason);
    for (const task of this.#ahead) task.handBack.abort(reason);
  }

  /** Lost, or to be handed back, while it waits for a slot. */
  #dropReady(task: TaskInHand): void {
    const index = this.#ready.findIndex((ready) => ready.task === task);
    if (index === -1) return;
    this.#ready.splice(index, 1);
    this.#ahead.delete(task);
    this.#changes.notify();
    this.#keepTrackOf(this.#conclude(task, findingOf(task.dropped.reason, task)));
  }

  #keepTrackOf(working: Promise<void>): void {
    const tracked = working.catch((error: unknown) => this.#giveUp(error));
    this.#inHand.add(tracked);
    void tracked.then(() => this.#inHand.delete(tracked));
  }

  #giveUp(error: unknown): void {
    this.#fatal ??= { error };
    this.#options.permit.close({ why: 'stop', reason: messageOf(error).replace(/\.$/u, ''), finishByMs: 0 });
  }
}
