/** From a claim to a file that an engine can begin with: downloaded, decoded, and the lease confirmed. Starts no engine. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { decodeAudio } from '../../audio/decode-audio.ts';
import type { Clock } from '../../clock.ts';
import { exitCodes } from '../../exit-codes.ts';
import { normaliseLanguage } from '../../protocol/languages.ts';
import type { ServerClient } from '../wire/server-client.ts';
import { downloadRecording } from './download-recording.ts';
import { type Finding, findingOf, type Prepared, type TaskInHand } from './task-in-hand.ts';

export type PrepareOptions = {
  client: Pick<ServerClient, 'fetchAudio'>;
  clock: Clock;
  /** How long the server may be away, or not renew the lease, before the task is given back. */
  patienceMs: number;
};

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

async function prepare(task: TaskInHand, { client, clock, patienceMs }: PrepareOptions): Promise<Prepared | Finding> {
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
  const downloaded = await downloadRecording({ client, lease, recording, file, signal, clock, patienceMs, onProgress });
  if (downloaded.kind === 'lease_lost') return downloaded;
  if (downloaded.kind === 'server_away')
    return serverAway(`the rest of the recording cannot be had: ${downloaded.reason}`);
  if (downloaded.kind === 'failed') return { ...downloaded, phase: 'download', fault: 'recording' };

  progress.enter('decode');
  const decoded = await decodeAudio({ file, wavFile, signal, onProgress });
  if (decoded.kind === 'bad_recording')
    return { kind: 'failed', phase: 'decode', fault: 'recording', reason: decoded.reason };
  // It is not needed any more, and may be large.
  await rm(file, { force: true });
  progress.advance(1);
  const preparationSeconds = (clock.now() - task.claimedAtMs) / 1000;

  if (!(await isConfirmed(keeper.confirmed, patienceMs, clock, signal)))
    return serverAway('it does not renew the lease');
  const { audioSeconds, soundUntilSeconds } = decoded;
  return { kind: 'prepared', preparationSeconds, wavFile, language, audioSeconds, soundUntilSeconds };
}

/** @throws the signal's reason when the task is dropped meanwhile. @returns false where it took too long. */
async function isConfirmed(
  confirmed: Promise<void>,
  patienceMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const tooLong = clock.sleep(patienceMs, AbortSignal.any([signal, over.signal])).then(() => false);
  const outcome = await Promise.race([confirmed.then(() => true), tooLong]);
  over.abort();
  signal.throwIfAborted();
  return outcome;
}

const serverAway = (what: string): Finding => ({
  kind: 'hand_back',
  reason: what,
  serverAway: new AppError(`The server cannot be used: ${what}.`, {
    code: 'STT_SERVER_AWAY',
    hint: 'See whether it runs, and what is between it and this machine.',
    exitCode: exitCodes.unavailable,
  }),
});

const knownLanguage = (written: string): string | undefined =>
  written === 'auto' ? written : normaliseLanguage(written);
