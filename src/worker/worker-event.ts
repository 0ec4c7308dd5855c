/**
 * Everything a worker has to tell, as one union: the terminal, the log and `--json` are three ways to show it, and the summary is
 * added up from it. The names and fields are a contract with scripts that read `--json`.
 */
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
  | { event: 'idle'; slot: number }
  | { event: 'claimed'; slot: number; task: string; language: string }
  | TaskProgressEvent
  | TaskEndEvent
  /** A transcript or an error report could not be sent yet; it is safe in the outbox. */
  | { event: 'waiting'; task: string; what: 'result' | 'error'; reason: string }
  /** One that waited has been accepted. */
  | { event: 'delivered'; task: string; what: 'result' | 'error' }
  /** The server will never take it; it is kept in `file`. */
  | { event: 'refused'; task: string; what: 'result' | 'error'; reason: string; file: string }
  | ({ event: 'summary'; demoModel: boolean } & Summary)
  /** What ended the run before its time. */
  | { event: 'error'; code: string; message: string; hint: string | undefined };

export type TaskProgressEvent = {
  event: 'progress';
  slot: number;
  task: string;
  phase: Phase;
  /** 0 to 1, within the phase. */
  progress: number;
  /** Audio seconds per wall second; while transcribing only. */
  speed?: number;
  etaSeconds?: number;
};

/** How a task ended, whichever it was. */
export type TaskEnd =
  | {
      event: 'transcribed';
      outcome: 'ok' | 'no_speech';
      delivery: 'accepted' | 'refused' | 'waiting';
      audioSeconds: number;
      /** Wall time of the engine. */
      engineSeconds: number;
    }
  | { event: 'failed'; phase: Phase; reason: string }
  | { event: 'lease_lost'; reason: string }
  /** Not `accepted`: the server did not hear of it, and waits until the lease runs out. */
  | { event: 'handed_back'; accepted: boolean; reason: string };

export type TaskEndEvent = { slot: number; task: string } & TaskEnd;

export type Report = (event: WorkerEvent) => void;

export type Summary = {
  transcribed: number;
  /** Of those transcribed: without speech. */
  noSpeech: number;
  failed: number;
  leaseLost: number;
  handedBack: number;
  refused: number;
  /** Transcripts and reports that still wait in the outbox. */
  waiting: number;
  audioSeconds: number;
  engineSeconds: number;
};

export const emptySummary: Summary = {
  transcribed: 0,
  noSpeech: 0,
  failed: 0,
  leaseLost: 0,
  handedBack: 0,
  refused: 0,
  waiting: 0,
  audioSeconds: 0,
  engineSeconds: 0,
};

export function addToSummary(sum: Summary, event: WorkerEvent): Summary {
  if (event.event === 'transcribed') {
    return {
      ...sum,
      transcribed: sum.transcribed + 1,
      noSpeech: sum.noSpeech + (event.outcome === 'no_speech' ? 1 : 0),
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
