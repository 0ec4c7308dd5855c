/**
 * Everything a worker has to tell, as one union: the terminal, the log, `--json`, `stt status`, the records and the notices are
 * made from it alone. The names and fields are a contract with scripts that read `--json`.
 */
import type { SuspectReason } from '../engine/judge-transcript.ts';
import type { Phase } from '../protocol/messages.ts';

export type WorkerEvent =
  | {
      event: 'started';
      worker: string;
      server: string;
      model: string;
      engine: string;
      slots: number;
      /** Of each slot. */
      threads: number;
      vad: boolean;
      /** The model knows spoken digits only. */
      demoModel: boolean;
    }
  | { event: 'warning'; message: string }
  | { event: 'server_away'; reason: string }
  | { event: 'server_back' }
  /** The server has no task; told once, until it has one again. */
  | { event: 'idle' }
  /** A task was leased, and is being prepared: downloaded, decoded. */
  | { event: 'claimed'; task: string; language: string }
  | TaskProgressEvent
  | TaskEndEvent
  /** A transcript or an error report could not be sent yet; it is safe in the outbox. */
  | { event: 'waiting'; task: string; what: 'result' | 'error'; reason: string }
  /** One that waited has been accepted. */
  | { event: 'delivered'; task: string; what: 'result' | 'error' }
  /** The server will never take it; it is kept in `file`. */
  | { event: 'refused'; task: string; what: 'result' | 'error'; reason: string; file: string }
  /** The worker takes no more tasks. `until`: when that ends by itself, ISO 8601. */
  | { event: 'closed'; why: Closure['why']; reason: string; until?: string }
  /** It takes tasks again. */
  | { event: 'opened' }
  | ({ event: 'summary'; demoModel: boolean } & Summary)
  /** What ended the run before its time. */
  | { event: 'error'; code: string; message: string; hint: string | undefined };

/** Why a worker takes no tasks. */
export type Closure = {
  /** Outside its working hours; paused by a person; broken, until the bundled sample is transcribed; draining or stopping for good. */
  why: 'hours' | 'pause' | 'broken' | 'drain' | 'stop';
  /** For people, in a few words. */
  reason: string;
  /** Until then (wall time, ms) tasks in slots may be finished, if they will be done by then; others are handed back at once. */
  finishByMs: number;
  /** When it ends by itself, wall time in ms. */
  untilMs?: number | undefined;
};

export type TaskProgressEvent = {
  event: 'progress';
  /** Absent while the task is prepared ahead of a slot. */
  slot?: number;
  /** Of the recording; where there is a slot. */
  audioSeconds?: number;
  task: string;
  phase: Phase;
  /** 0 to 1, within the phase. */
  progress: number;
  /** Audio seconds per wall second; while transcribing only. */
  speed?: number;
  etaSeconds?: number;
};

/** Who is to blame: the recording, the engine with its model, or this machine (disk full, out of memory, ffmpeg gone). */
export type Fault = 'recording' | 'engine' | 'machine';

/** How a task ended, whichever it was. */
export type TaskEnd =
  | {
      event: 'transcribed';
      outcome: 'ok' | 'no_speech' | 'suspect';
      /** Why a person, or another model, should look at it. */
      suspect?: readonly SuspectReason[];
      delivery: 'accepted' | 'refused' | 'waiting';
      audioSeconds: number;
      /** Wall time of the engine. */
      engineSeconds: number;
    }
  /** The server was told, or will be. */
  | { event: 'failed'; phase: Phase; fault: Fault; reason: string }
  | { event: 'lease_lost'; reason: string }
  /**
   * Not an attempt. Not `accepted`: the server did not hear of it, and waits until the lease runs out. `fault`: where it was for a
   * fault of this worker, not for a stop, a pause or the end of the working hours.
   */
  | { event: 'handed_back'; accepted: boolean; reason: string; fault?: 'engine' | 'machine' };

export type TaskEndEvent = {
  task: string;
  language: string;
  /** Wall time since the task was claimed. */
  takenSeconds: number;
} & TaskEnd;

export type Report = (event: WorkerEvent) => void;

export type Summary = {
  transcribed: number;
  /** Of those transcribed: without speech. */
  noSpeech: number;
  /** Of those transcribed: delivered with a reason to look at it. */
  suspect: number;
  failed: number;
  leaseLost: number;
  handedBack: number;
  refused: number;
  /** Transcripts and reports that still wait in the outbox. */
  waiting: number;
  audioSeconds: number;
  engineSeconds: number;
  /** Slots had no engine running though there was work, in seconds, all slots together. */
  engineIdleSeconds: number;
};

export const emptySummary: Summary = {
  transcribed: 0,
  noSpeech: 0,
  suspect: 0,
  failed: 0,
  leaseLost: 0,
  handedBack: 0,
  refused: 0,
  waiting: 0,
  audioSeconds: 0,
  engineSeconds: 0,
  engineIdleSeconds: 0,
};

export function addToSummary(sum: Summary, event: WorkerEvent): Summary {
  if (event.event === 'transcribed') {
    return {
      ...sum,
      transcribed: sum.transcribed + 1,
      noSpeech: sum.noSpeech + (event.outcome === 'no_speech' ? 1 : 0),
      suspect: sum.suspect + (event.outcome === 'suspect' ? 1 : 0),
      audioSeconds: sum.audioSeconds + event.audioSeconds,
      engineSeconds: sum.engineSeconds + event.engineSeconds,
    };
  }
  if (event.event === 'failed') return { ...sum, failed: sum.failed + 1 };
  if (event.event === 'lease_lost') return { ...sum, leaseLost: sum.leaseLost + 1 };
  if (event.event === 'handed_back') return { ...sum, handedBack: sum.handedBack + 1 };
  if (event.event === 'refused') return { ...sum, refused: sum.refused + 1 };
  return sum;
}
