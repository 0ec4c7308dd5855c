/** From a claim to a file that an engine can begin with: downloaded, decoded, and the lease confirmed. Starts no engine. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { decodeAudio } from '../../audio/decode-audio.ts';
import type { Clock } from '../../clock.ts';
import { normaliseLanguage } from '../../protocol/languages.ts';
import type { ServerClient } from '../wire/server-client.ts';
import { downloadRecording } from './download-recording.ts';
import { type Finding, findingOf, type Prepared, type TaskInHand } from './task-in-hand.ts';

export type PrepareOptions = { client: Pick<ServerClient, 'fetchAudio'>; clock: Clock };

/** Never throws. */
export async function prepareTask(task: TaskInHand, options: PrepareOptions): Promise<Prepared | Finding> {
  try {
    return await prepare(task, options);
  } catch (error) {
    return findingOf(error, task);
  } finally {
    task.recording.body.destroy();
  }
}

async function prepare(task: TaskInHand, { client, clock }: PrepareOptions): Promise<Prepared | Finding> {
  const { lease, recording, folder, progress, keeper, dropped: signal } = task;
  const language = knownLanguage(lease.language);
  if (language === undefined) {
    return {
      kind: 'failed',
      phase: 'download',
      fault: 'recording',
      reason: `Whisper knows no language "${lease.language}".`,
    };
  }
  const file = path.join(folder.path, 'recording');
  const wavFile = path.join(folder.path, 'audio.wav');
  const onProgress = progress.advance;

  progress.enter('download');
  await folder.make();
  const downloaded = await downloadRecording({ client, lease, recording, file, signal, clock, onProgress });
  if (downloaded.kind === 'lease_lost') return downloaded;
  if (downloaded.kind === 'failed') return { ...downloaded, phase: 'download', fault: 'recording' };

  progress.enter('decode');
  const decoded = await decodeAudio({ file, wavFile, signal, onProgress });
  if (decoded.kind === 'bad_recording')
    return { kind: 'failed', phase: 'decode', fault: 'recording', reason: decoded.reason };
  // It is not needed any more, and may be large.
  await rm(file, { force: true });
  progress.advance(1);

  await orDropped(keeper.confirmed, signal);
  const { audioSeconds, soundUntilSeconds } = decoded;
  return { kind: 'prepared', wavFile, language, audioSeconds, soundUntilSeconds };
}

async function orDropped(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: dropped, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([promise, dropped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const knownLanguage = (written: string): string | undefined =>
  written === 'auto' ? written : normaliseLanguage(written);
