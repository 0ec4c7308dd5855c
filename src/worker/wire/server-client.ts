/**
 * Speaks the wire (see protocol/) as a worker: the only place that knows of HTTP. It follows no redirect, reads no more than it
 * must, and turns whatever the server does into a value; retrying is for those who call.
 */
import type { Readable } from 'node:stream';
import got, { type OptionsInit } from 'got';
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../config/secret.ts';
import type { ErrorMessage, HeartbeatMessage, ReleaseMessage, ResultMessage } from '../../protocol/messages.ts';
import { headers as names, parseDigestHeader, paths, protocolVersion } from '../../protocol/wire.ts';
import { printable } from '../../printable.ts';
import { type Answer, describeAnswer, type RawAnswer, readAnswer, retryAfterMs } from './server-answer.ts';

export type Lease = {
  id: string;
  /** As the server wrote it; `auto` where it said nothing. */
  language: string;
  /** The term without a heartbeat. Undefined: an ancestor's server, which knows neither heartbeat nor release. */
  seconds: number | undefined;
};

export type RecordingStream = {
  body: Readable;
  /** Where in the recording `body` begins. */
  fromByte: number;
  /** Of the whole recording, where the server tells. */
  sizeBytes: number | undefined;
  sha256: string | undefined;
};

type Later = Extract<Answer, { kind: 'later' }>;

export type Claim = { kind: 'task'; lease: Lease; recording: RecordingStream } | { kind: 'none' } | Later;
export type AudioAnswer = { kind: 'audio'; recording: RecordingStream } | Exclude<Answer, { kind: 'accepted' }>;

export type ServerClient = {
  /**
   * Asks for a task; a protocol 2 server answers up to `waitSeconds` later.
   * @param patienceMs for the answer, beyond that time; never more than a minute.
   * @throws the signal's reason when it aborts.
   */
  claim: (waitSeconds: number, signal: AbortSignal, patienceMs?: number) => Promise<Claim>;
  /** The rest of a recording whose download broke. @throws the signal's reason when it aborts. */
  fetchAudio: (lease: Lease, fromByte: number, signal: AbortSignal) => Promise<AudioAnswer>;
  sendResult: (message: ResultMessage, signal: AbortSignal) => Promise<Answer>;
  sendError: (message: ErrorMessage, signal: AbortSignal) => Promise<Answer>;
  sendHeartbeat: (message: HeartbeatMessage, signal: AbortSignal) => Promise<Answer>;
  sendRelease: (message: ReleaseMessage, signal: AbortSignal) => Promise<Answer>;
};

export type ServerClientOptions = {
  serverUrl: string;
  workerName: string;
  /** HTTP Basic. */
  credentials: { username: string; password: Secret } | undefined;
  /** Sent instead of them, as Bearer. */
  token?: Secret | undefined;
  clock: Clock;
};

/** From the first byte of a request to the last one of its answer; recordings have their own limit. */
const answerDeadlineMs = 60_000;
const longestAnswerBytes = 64 * 1024;

export function createServerClient(options: ServerClientOptions): ServerClient {
  const { clock } = options;
  const always = {
    [names.protocol]: protocolVersion,
    [names.worker]: headerSafe(options.workerName),
    'user-agent': 'stt-worker',
    // A kept connection that the server closes in the same moment would look like a server that is away.
    connection: 'close',
    ...authorizationOf(options),
  };

  const open = (path: string, more: OptionsInit, deadlineMs = answerDeadlineMs): Promise<Opened> =>
    openStream(
      `${options.serverUrl}${path}`,
      { ...more, headers: { ...always, ...more.headers }, timeout: { connect: 10_000 } },
      deadlineMs,
      clock,
    );

  /** Reads an answer that brings no recording. */
  const laterFrom = async (opened: Opened): Promise<Later> => {
    const raw = await readWhole(opened);
    return { kind: 'later', reason: describeAnswer(raw), retryAfterMs: retryAfterMs(raw, clock.now()) };
  };

  const send = async (path: string, message: object, signal: AbortSignal): Promise<Answer> => {
    try {
      const request = { method: 'POST', body: JSON.stringify(message), signal } as const;
      const opened = await open(path, { ...request, headers: { 'content-type': 'application/json' } });
      return readAnswer(await readWhole(opened), clock.now());
    } catch (error) {
      return unreachable(error);
    }
  };

  return {
    async claim(waitSeconds, signal, patienceMs = answerDeadlineMs) {
      try {
        const path = waitSeconds === 0 ? paths.task : `${paths.task}?wait=${waitSeconds}`;
        const opened = await open(path, { signal }, waitSeconds * 1000 + Math.min(patienceMs, answerDeadlineMs));
        if (opened.status === 204) {
          opened.body.destroy();
          return { kind: 'none' };
        }
        const lease = opened.status === 200 ? readLease(opened) : undefined;
        if (lease === undefined) return await laterFrom(opened);
        return { kind: 'task', lease, recording: readRecording(opened, 0) };
      } catch (error) {
        signal.throwIfAborted();
        return unreachable(error);
      }
    },

    async fetchAudio(lease, fromByte, signal) {
      try {
        const range = fromByte === 0 ? {} : { range: `bytes=${fromByte}-` };
        const opened = await open(paths.audio(lease.id), { signal, headers: range });
        if (opened.status === 200) return { kind: 'audio', recording: readRecording(opened, 0) };
        if (opened.status === 206 && beginsAt(opened, fromByte)) {
          return { kind: 'audio', recording: readRecording(opened, fromByte) };
        }
        const answer = readAnswer(await readWhole(opened), clock.now());
        return answer.kind === 'accepted' ? unreachable(new Error('an answer without audio')) : answer;
      } catch (error) {
        signal.throwIfAborted();
        return unreachable(error);
      }
    },

    sendResult: (message, signal) => send(paths.result, message, signal),
    sendError: (message, signal) => send(paths.error, message, signal),
    sendHeartbeat: (message, signal) => send(paths.heartbeat, message, signal),
    sendRelease: (message, signal) => send(paths.release, message, signal),
  };
}

type Opened = {
  status: number;
  headers: RawAnswer['headers'];
  body: Readable;
  /** What remains of the answer may take its time. */
  liftDeadline: () => void;
};

/** Resolves when the head of the answer is there; the body waits to be read. */
function openStream(url: string, options: OptionsInit, deadlineMs: number, clock: Clock): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const stream = got.stream(url, {
      ...options,
      decompress: false,
      followRedirect: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
    });
    const done = new AbortController();
    const liftDeadline = (): void => done.abort();
    for (const end of ['end', 'error', 'close']) stream.once(end, liftDeadline);
    void clock.sleep(deadlineMs, done.signal).then(() => {
      if (!done.signal.aborted) stream.destroy(new Error(`no whole answer within ${deadlineMs / 1000} s`));
    });
    stream.on('response', ({ statusCode, headers }: { statusCode: number; headers: RawAnswer['headers'] }) =>
      resolve({ status: statusCode, headers, body: stream, liftDeadline }),
    );
    // Stays for good: whoever reads the body hears of the error there.
    stream.on('error', reject);
  });
}

/** What is beyond the bound is not waited for. */
async function readWhole({ status, headers, body }: Opened): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestAnswerBytes) break;
  }
  return { status, headers, body: Buffer.concat(chunks).toString('utf8') };
}

const unreachable = (error: unknown): Later => ({
  kind: 'later',
  reason: printable(messageOf(error)),
  retryAfterMs: undefined,
});

/** Undefined where the answer is no task: a page of somebody else. */
function readLease({ headers }: Opened): Lease | undefined {
  const id = text(headers[names.taskId]);
  if (id === undefined || !/^[\w.~-]{1,128}$/u.test(id)) return undefined;
  const seconds = Number(text(headers[names.leaseSeconds]));
  return {
    id,
    language: printable(text(headers[names.language]) ?? 'auto').slice(0, 40),
    seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  };
}

function readRecording({ headers, body, liftDeadline }: Opened, fromByte: number): RecordingStream {
  liftDeadline();
  const length = Number(text(headers['content-length']) ?? Number.NaN);
  return {
    body,
    fromByte,
    sizeBytes: Number.isSafeInteger(length) ? fromByte + length : undefined,
    sha256: parseDigestHeader(text(headers[names.digest])),
  };
}

const beginsAt = ({ headers }: Opened, byte: number): boolean =>
  text(headers['content-range'])?.startsWith(`bytes ${byte}-`) ?? false;

const text = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

function authorizationOf({ token, credentials }: ServerClientOptions): { authorization?: string } {
  if (token !== undefined) return { authorization: `Bearer ${token.reveal()}` };
  return credentials === undefined ? {} : { authorization: basicAuth(credentials) };
}

function basicAuth({ username, password }: { username: string; password: Secret }): string {
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;
}

/** A header carries printable ASCII. */
const headerSafe = (name: string): string => name.replaceAll(/[^\x20-\x7e]/gu, '?').slice(0, 100);
