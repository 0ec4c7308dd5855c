/**
 * Writes a claimed recording to disk, never whole in memory. Length and digest are checked; a download that breaks is resumed
 * under the same lease where the server can do that, one that arrives damaged is fetched again.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { AppError, messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { printable } from '../../printable.ts';
import { backoffMs } from '../wire/backoff.ts';
import { diskError } from '../disk-error.ts';
import type { Lease, RecordingStream, ServerClient } from '../wire/server-client.ts';

export type DownloadOptions = {
  client: Pick<ServerClient, 'fetchAudio'>;
  lease: Lease;
  /** The answer to the claim. */
  recording: RecordingStream;
  /** Where to write. */
  file: string;
  maxBytes?: number;
  /** How long the server may be away in the middle. */
  patienceMs: number;
  signal: AbortSignal;
  clock: Clock;
  /** 0 to 1; not called where the size is not known. */
  onProgress?: (fraction: number) => void;
};

export type Downloaded =
  | { kind: 'downloaded' }
  /** The recording is at fault, or the server, which sends something else. */
  | { kind: 'failed'; reason: string }
  | { kind: 'lease_lost'; reason: string }
  /** The server could not be reached, or was not ready, for longer than `patienceMs`. */
  | { kind: 'server_away'; reason: string };

const defaultMaxBytes = 16 * 1024 ** 3;
/** In a row: about a minute. */
const mostFruitlessTries = 7;
/** A try that brought less was in vain. */
const leastGainBytes = 64 * 1024;
/** A server that sends less in a minute will never be through. */
const stall = { withinMs: 60_000, leastBytes: 4096 };

/**
 * @throws the signal's reason when it aborts.
 * @throws AppError STT_WORK_FOLDER where the file cannot be written.
 */
export async function downloadRecording(options: DownloadOptions): Promise<Downloaded> {
  await using target = await openTarget(options.file);
  const whole = { sizeBytes: options.recording.sizeBytes, sha256: options.recording.sha256 };
  let { recording } = options;
  let fruitless = 0;

  for (;;) {
    const before = target.received();
    const received = await receive(recording, whole, target, options);
    if (received.kind === 'whole') return { kind: 'downloaded' };
    // An ancestor's server cannot resume, and hands out the recording with the claim only.
    if (received.kind === 'hopeless' || options.lease.seconds === undefined) return notWhole(received.reason);
    fruitless = target.received() - before >= leastGainBytes ? 1 : fruitless + 1;
    const rest = await askForRest(options, target.received(), fruitless, received.reason);
    if (rest.kind !== 'rest') return rest;
    ({ recording, fruitless } = rest);
  }
}

type Rest = { kind: 'rest'; recording: RecordingStream; fruitless: number };

async function askForRest(
  { client, lease, signal, clock, patienceMs }: DownloadOptions,
  fromByte: number,
  fruitlessBefore: number,
  problem: string,
): Promise<Rest | Downloaded> {
  let reason = problem;
  let fruitless = fruitlessBefore;
  let awaySince: number | undefined;
  let retryAfterMs = 0;
  for (let tries = fruitlessBefore; fruitless < mostFruitlessTries; tries += 1) {
    await clock.sleep(Math.max(retryAfterMs, backoffMs(tries, Math.random())), signal);
    const answer = await client.fetchAudio(lease, fromByte, signal);
    if (answer.kind === 'audio') return { kind: 'rest', recording: answer.recording, fruitless };
    if (answer.kind === 'refused') return { kind: 'lease_lost', reason: answer.reason };
    ({ reason, retryAfterMs = 0 } = answer);
    if (!isAway(answer.status)) {
      fruitless += 1;
      awaySince = undefined;
      continue;
    }
    // Not the fault of the recording: the rest is there when the server is.
    awaySince ??= clock.now();
    if (Math.abs(clock.now() - awaySince) >= patienceMs) return { kind: 'server_away', reason };
  }
  return notWhole(reason);
}

/** No answer at all, none that is meant for the recording, or none yet. */
const isAway = (status: number | undefined): boolean =>
  status === undefined || status >= 500 || [401, 403, 407, 408, 429].includes(status);

const notWhole = (reason: string): Downloaded => ({
  kind: 'failed',
  reason: `The recording did not arrive whole: ${reason}.`,
});

type Received = { kind: 'whole' } | { kind: 'broken' | 'hopeless'; reason: string };

async function receive(
  recording: RecordingStream,
  whole: Pick<RecordingStream, 'sizeBytes' | 'sha256'>,
  target: Target,
  { signal, clock, onProgress, maxBytes = defaultMaxBytes }: DownloadOptions,
): Promise<Received> {
  const { sizeBytes, sha256 } = whole;
  const tooLarge: Received = { kind: 'hopeless', reason: `it is larger than ${maxBytes} bytes` };
  if (sizeBytes !== undefined && sizeBytes > maxBytes) {
    recording.body.destroy();
    return tooLarge;
  }
  // A server that does not know Range sends it all again.
  if (recording.fromByte !== target.received()) await target.restart();
  const watch = watchForStall(recording.body, target, clock);
  try {
    for await (const chunk of addAbortSignal(signal, recording.body) as AsyncIterable<Buffer>) {
      await target.write(chunk);
      if (target.received() > maxBytes) return tooLarge;
      if (sizeBytes !== undefined && target.received() > sizeBytes) {
        await target.restart();
        return { kind: 'broken', reason: `more came than the ${sizeBytes} bytes announced` };
      }
      if (sizeBytes !== undefined) onProgress?.(Math.min(1, target.received() / sizeBytes));
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    return { kind: 'broken', reason: printable(messageOf(error)) };
  } finally {
    watch.abort();
  }
  if (sizeBytes !== undefined && target.received() < sizeBytes) {
    return { kind: 'broken', reason: `only ${target.received()} of ${sizeBytes} bytes came` };
  }
  if (sha256 !== undefined && target.sha256() !== sha256) {
    await target.restart();
    return { kind: 'broken', reason: 'it came damaged, with another SHA-256 than announced' };
  }
  return { kind: 'whole' };
}

/** Breaks a download off that hardly moves, until it is aborted. */
function watchForStall(body: Readable, target: Target, clock: Clock): AbortController {
  const done = new AbortController();
  void (async () => {
    for (;;) {
      const before = target.received();
      await clock.sleep(stall.withinMs, done.signal);
      if (done.signal.aborted) return;
      if (target.received() - before < stall.leastBytes) {
        body.destroy(new Error(`fewer than ${stall.leastBytes} bytes came within ${stall.withinMs / 1000} s`));
        return;
      }
    }
  })();
  return done;
}

type Target = AsyncDisposable & {
  write: (chunk: Buffer) => Promise<void>;
  /** Throws away what came so far. */
  restart: () => Promise<void>;
  /** Bytes so far. */
  received: () => number;
  /** Of what came so far, in hex. */
  sha256: () => string;
};

async function openTarget(file: string): Promise<Target> {
  const handle = await orWorkFolderError(() => open(file, 'w', 0o600));
  let hash = createHash('sha256');
  let received = 0;
  return {
    async write(chunk) {
      await orWorkFolderError(() => writeWhole(handle, chunk, received));
      hash.update(chunk);
      received += chunk.length;
    },
    async restart() {
      await orWorkFolderError(() => handle.truncate(0));
      hash = createHash('sha256');
      received = 0;
    },
    received: () => received,
    sha256: () => hash.copy().digest('hex'),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** A disk that is just getting full takes a part, and says so with the next write only. */
async function writeWhole(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}

async function orWorkFolderError<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw diskError('The recording cannot be written to the work folder', 'STT_WORK_FOLDER', error);
  }
}
