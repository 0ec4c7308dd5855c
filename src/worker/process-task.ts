/**
 * One task from claim to delivery: downloaded, decoded, transcribed, judged, put in the outbox, delivered. The stages know nothing
 * of each other; this is where they meet, and where it is decided what the server is told when one of them cannot go on.
 */
import path from 'node:path';
import { messageOf } from '../app-error.ts';
import { decodeAudio } from '../audio/decode-audio.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine/find-engine.ts';
import { judgeTranscript } from '../engine/judge-transcript.ts';
import { proveEngine } from '../engine/prove-engine.ts';
import { transcriptFlags } from '../engine/whisper-arguments.ts';
import { transcribe } from '../engine/whisper-cli.ts';
import { normaliseLanguage } from '../protocol/languages.ts';
import type { Phase, ResultMessage } from '../protocol/messages.ts';
import { downloadRecording } from './download-recording.ts';
import { keepLease } from './lease-keeper.ts';
import type { Outbox } from './outbox.ts';
import type { Claim, Lease, ServerClient } from './server-client.ts';
import { type TaskProgress, trackProgress } from './task-progress.ts';
import type { Report, TaskEnd, TaskEndEvent } from './worker-event.ts';
import type { WorkFolder } from './work-folder.ts';

export type ClaimedTask = Extract<Claim, { kind: 'task' }>;

/** What the tasks of one slot are worked on with. */
export type Workshop = {
  slot: number;
  client: ServerClient;
  engine: Engine;
  threads: number;
  outbox: Outbox;
  workFolder: WorkFolder;
  clock: Clock;
  report: Report;
  /** Aborts when the worker is to stop: the task is handed back. */
  stop: AbortSignal;
  /** Aborts when a stopping worker has no more time for calls to the server. */
  lastCalls: AbortSignal;
};

export type ProcessedTask = {
  end: TaskEndEvent;
  /** This machine's fault, not the recording's: disk full, ffmpeg gone. The task was handed back. */
  trouble?: Error;
};

/** What working on the recording came to. */
type Finding =
  | {
      kind: 'transcript';
      outcome: 'ok' | 'no_speech';
      message: ResultMessage;
      audioSeconds: number;
      engineSeconds: number;
    }
  | { kind: 'failed'; phase: Phase; reason: string }
  | { kind: 'lease_lost'; reason: string };

const longestReason = 4000;

/** Never throws. Whatever happens the server is told, or will be; where it cannot be, the lease runs out. */
export async function processTask(task: ClaimedTask, workshop: Workshop): Promise<ProcessedTask> {
  const { lease } = task;
  const { slot, client, clock, report, stop } = workshop;
  const progress = trackProgress(slot, lease.id, clock, report);
  using keeper = keepLease({ lease, client, clock, current: progress.current });
  const about = { slot, task: lease.id };
  try {
    const finding = await work(task, workshop, progress, AbortSignal.any([stop, keeper.lost]));
    progress.enter('deliver');
    return { end: { ...(await tellServer(finding, lease, workshop)), ...about } };
  } catch (error) {
    if (keeper.lost.aborted) return { end: { event: 'lease_lost', ...about, reason: messageOf(keeper.lost.reason) } };
    const reason = stop.aborted ? 'the worker stops' : messageOf(error);
    const accepted = await handBack(lease, reason, workshop);
    const end: TaskEndEvent = { event: 'handed_back', ...about, accepted, reason };
    return stop.aborted ? { end } : { end, trouble: error instanceof Error ? error : new Error(reason) };
  } finally {
    task.recording.body.destroy();
  }
}

/** @throws the signal's reason when it aborts, and whatever is this machine's fault. */
async function work(
  task: ClaimedTask,
  workshop: Workshop,
  progress: TaskProgress,
  signal: AbortSignal,
): Promise<Finding> {
  const { client, engine, clock, threads } = workshop;
  const { lease, recording } = task;
  const language = knownLanguage(lease.language);
  if (language === undefined) {
    return { kind: 'failed', phase: 'download', reason: `Whisper knows no language "${lease.language}".` };
  }
  await using folder = await workshop.workFolder.makeTaskFolder();
  const recordingFile = path.join(folder.path, 'recording');
  const wavFile = path.join(folder.path, 'audio.wav');
  const onProgress = progress.advance;

  progress.enter('download');
  const downloaded = await downloadRecording({
    client,
    lease,
    recording,
    file: recordingFile,
    signal,
    clock,
    onProgress,
  });
  if (downloaded.kind === 'lease_lost') return downloaded;
  if (downloaded.kind === 'failed') return { ...downloaded, phase: 'download' };

  progress.enter('decode');
  const decoded = await decodeAudio({ file: recordingFile, wavFile, signal, onProgress });
  if (decoded.kind === 'bad_recording') return { kind: 'failed', phase: 'decode', reason: decoded.reason };
  const { audioSeconds } = decoded;

  progress.setAudioSeconds(audioSeconds);
  progress.enter('transcribe');
  const outputBase = path.join(folder.path, 'transcript');
  const run = await transcribe(engine, { wavFile, audioSeconds, outputBase, language, threads, signal, onProgress });
  const verdict = judgeTranscript(run, audioSeconds);
  if (verdict.kind === 'failed') {
    // An engine that fails on silence too has broken since the start: no recording is to blame for that.
    await proveEngine(engine, { folder: folder.path, threads, signal });
    return { kind: 'failed', phase: 'transcribe', reason: `${sentence(verdict.reason)}\n${run.lastWords}`.trim() };
  }
  const message: ResultMessage = {
    id: lease.id,
    vtt: verdict.vtt,
    seconds: run.seconds,
    duration: audioSeconds,
    language: run.detectedLanguage ?? language,
    model: engine.modelName,
    engine: 'whisper.cpp',
    flags: transcriptFlags(engine.vadModelFile !== undefined),
  };
  return { kind: 'transcript', outcome: verdict.kind, message, audioSeconds, engineSeconds: run.seconds };
}

async function tellServer(finding: Finding, lease: Lease, workshop: Workshop): Promise<TaskEnd> {
  const { outbox, lastCalls } = workshop;
  if (finding.kind === 'lease_lost') return { event: 'lease_lost', reason: finding.reason };
  if (finding.kind === 'failed') {
    const { phase, reason } = finding;
    await outbox.post({ kind: 'error', message: { id: lease.id, error: reason.slice(0, longestReason) } }, lastCalls);
    return { event: 'failed', phase, reason };
  }
  const { outcome, message, audioSeconds, engineSeconds } = finding;
  const delivery = await outbox.post({ kind: 'result', message }, lastCalls);
  return { event: 'transcribed', outcome, delivery, audioSeconds, engineSeconds };
}

/**
 * To a protocol 2 server this is no attempt. An ancestor's server knows errors only, and would wait for days without one.
 * @returns whether the server heard it, or will.
 */
async function handBack(lease: Lease, reason: string, { client, outbox, lastCalls }: Workshop): Promise<boolean> {
  if (lease.seconds !== undefined) {
    const answer = await client.sendRelease({ id: lease.id, reason: reason.slice(0, 1000) }, lastCalls);
    return answer.kind === 'accepted';
  }
  try {
    return (await outbox.post({ kind: 'error', message: { id: lease.id } }, lastCalls)) !== 'refused';
  } catch {
    return false;
  }
}

const knownLanguage = (written: string): string | undefined =>
  written === 'auto' ? written : normaliseLanguage(written);

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
