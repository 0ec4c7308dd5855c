/**
 * Downloads a file that is known by its digest. Goes on where a cut download stopped, waits when told to, and puts only verified
 * bytes in place. A server that cannot serve it is an outcome; wrong bytes are an error.
 */
import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import got, { MaxRedirectsError, type Request, RequestError, TimeoutError } from 'got';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { syncDirectory } from '../atomic-file.ts';
import type { Clock } from '../clock.ts';
import { withoutSecrets } from '../config/setting.ts';
import { exitCodes } from '../exit-codes.ts';
import { hideSecrets } from '../hide-secrets.ts';
import { withDownloadLock } from './download-lock.ts';
import { partOf } from './download-part.ts';
import { algorithmOf, digestName, fileDigest, hexOf, type KnownDigest } from './file-digest.ts';
import {
  header,
  type HttpAnswer,
  judgeAnswer,
  judgeNoConnection,
  looksLikeHtml,
  type Unreachable,
  validatorOf,
  type Verdict,
  webPage,
} from './judge-answer.ts';
import { type Agents, proxyAgents, type ProxyEnvironment } from './proxy-agents.ts';

export type DownloadRequest = KnownDigest & {
  url: string;
  /** Where the verified file goes; `FILE.part` beside it holds what came so far, `FILE.lock` says who is at it. */
  file: string;
  /** More than this is refused. */
  limitBytes: number;
  /** Where it is known. */
  sizeBytes?: number;
  /** Default: asked directly. */
  proxy?: ProxyEnvironment | undefined;
  clock: Clock;
  signal: AbortSignal;
  /** `totalBytes` is unknown where the server does not tell. */
  onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** While the digest of a file is taken, before the download and after it. */
  onVerify?: (readBytes: number, totalBytes: number) => void;
  /** A connection that is not made within this time counts as unreachable. */
  connectMs?: number;
  /** Silence for this long counts as a cut. */
  stallMs?: number;
};

export type DownloadEnd = { kind: 'done' } | Unreachable;

type Attempt = { kind: 'received'; isResumed: boolean } | Exclude<Verdict, { kind: 'take' }>;

const maxAttempts = 5;
const maxRedirects = 5;
const defaultStallMs = 30_000;
/** An attempt that brings so much more than all before it was worth it: it does not count. */
const worthwhileBytes = 1024 ** 2;
const backoffMs = (attempt: number): number => 500 * 2 ** (attempt - 1);

/**
 * @throws AppError STT_DOWNLOAD_WRONG when the complete file is not the one that was asked for; nothing of it is kept.
 * @throws AppError STT_DOWNLOAD_RUNNING when another process is downloading it, STT_DISK_FULL when there is no room; what came is kept.
 */
export async function download(request: DownloadRequest): Promise<DownloadEnd> {
  const seenAtMs = await changedAtMs(request.file);
  if (await isVerified(request.file, request)) return { kind: 'done' };
  const { stallMs = defaultStallMs } = request;
  using agents = request.proxy === undefined ? undefined : proxyAgents(request.proxy, stallMs);
  return await withDownloadLock(request.file, request.clock.now(), async () => {
    // Whoever held the lock a moment ago may have brought it.
    const isAnother = (await changedAtMs(request.file)) !== seenAtMs;
    return isAnother && (await isVerified(request.file, request))
      ? { kind: 'done' }
      : attemptUntilDone(request, agents);
  });
}

async function attemptUntilDone(request: DownloadRequest, agents: Agents | undefined): Promise<DownloadEnd> {
  let furthestBytes = 0;
  let isReached = false;
  for (let attempt = 1; ; attempt += 1) {
    const end = await attemptDownload(request, agents, isReached);
    request.signal.throwIfAborted();
    if (end.kind === 'unreachable') return end;
    if (end.kind === 'received') {
      const found = await takeOver(request);
      if (found.digest === hexOf(request)) return { kind: 'done' };
      // Two halves of different files may have met: once more, from the start.
      if (end.isResumed) continue;
      throw wrongFile(request, found);
    }
    isReached = true;
    const reachedBytes = (await statOf(partOf(request.file).file))?.size ?? 0;
    if (reachedBytes >= furthestBytes + worthwhileBytes) {
      furthestBytes = reachedBytes;
      attempt = 1;
    }
    if (attempt >= maxAttempts)
      return { kind: 'unreachable', reason: `${end.reason}, after ${attempt} attempts`, mayPass: true };
    await request.clock.sleep(end.afterMs ?? backoffMs(attempt), request.signal);
    request.signal.throwIfAborted();
  }
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const changedAtMs = async (file: string): Promise<number | undefined> => (await statOf(file))?.mtimeMs;

async function isVerified(file: string, request: DownloadRequest): Promise<boolean> {
  try {
    return (await digestOf(file, request)) === hexOf(request);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function digestOf(file: string, request: DownloadRequest): Promise<string> {
  const { size } = await stat(file);
  return fileDigest(file, algorithmOf(request), 'hex', {
    onRead: (readBytes) => request.onVerify?.(readBytes, size),
    signal: request.signal,
  });
}

type Found = { digest: string; sizeBytes: number };

/** Puts the part in place when it is right, else removes it. */
async function takeOver(request: DownloadRequest): Promise<Found> {
  const part = partOf(request.file);
  const { size } = await stat(part.file);
  const digest = await digestOf(part.file, request);
  if (digest === hexOf(request)) {
    await rename(part.file, request.file);
    await syncDirectory(path.dirname(request.file));
  }
  await part.remove();
  return { digest, sizeBytes: size };
}

function wrongFile(request: DownloadRequest, found: Found): AppError {
  const { sizeBytes = found.sizeBytes } = request;
  const what =
    found.sizeBytes === sizeBytes
      ? `its ${digestName(request)} differs`
      : `it has ${found.sizeBytes} bytes instead of ${sizeBytes}`;
  return new AppError(`What ${placeOf(request.url)} serves is not the file that is expected: ${what}.`, {
    code: 'STT_DOWNLOAD_WRONG',
    hint: `Expected ${hexOf(request)}, got ${found.digest}. Nothing was kept. Do not use that file; report it if it comes from the official place.`,
    exitCode: exitCodes.data,
  });
}

/** As it may be shown: a signed address carries its key behind the `?`. */
export const placeOf = (url: string): string => withoutSecrets(url).replace(/[?#].*$/u, '');

async function attemptDownload(
  request: DownloadRequest,
  agents: Agents | undefined,
  wasReached: boolean,
): Promise<Attempt> {
  const part = partOf(request.file);
  const resume = await part.resumePoint(request.url);
  let refused: string | undefined;
  const stream = startRequest(request, resume, agents, (reason) => {
    refused = reason;
  });
  let hasAnswered = wasReached || resume !== undefined;
  try {
    const [response] = (await once(stream, 'response')) as [HttpAnswer];
    hasAnswered = true;
    const verdict = judgeAnswer(response, resume?.bytes, request.clock.now());
    if (verdict.kind === 'take') return await receive(request, stream, response, verdict.fromByte);
    if (verdict.kind === 'again' && verdict.isFromStart === true) await part.remove();
    return verdict;
  } catch (error) {
    if (isDiskFull(error)) throw diskFull(request.file, error);
    if (!(error instanceof RequestError)) throw error;
    if (refused !== undefined) return { kind: 'unreachable', reason: refused };
    if (error instanceof MaxRedirectsError)
      return { kind: 'unreachable', reason: `more than ${maxRedirects} redirects` };
    const reason = error instanceof TimeoutError ? `no answer in time (${error.event})` : hideSecrets(messageOf(error));
    const failure = judgeNoConnection(reason);
    return hasAnswered && failure.mayPass === true ? { kind: 'again', reason } : failure;
  } finally {
    stream.destroy();
  }
}

function startRequest(
  request: DownloadRequest,
  resume: { bytes: number; validator: string } | undefined,
  agents: Agents | undefined,
  onRefused: (reason: string) => void,
): Request {
  const { connectMs = 5000, stallMs = defaultStallMs } = request;
  const stream = got.stream(request.url, {
    headers: resume === undefined ? {} : { range: `bytes=${resume.bytes}-`, 'if-range': resume.validator },
    timeout: { lookup: connectMs, connect: connectMs, secureConnect: connectMs, response: stallMs, socket: stallMs },
    ...(agents === undefined ? {} : { agent: { http: agents.http, https: agents.https } }),
    retry: { limit: 0 },
    maxRedirects,
    hooks: {
      beforeRedirect: [
        (next, answer) => {
          if (!answer.url.startsWith('https:') || String(next.url).startsWith('https:')) return;
          onRefused('it was redirected from https to http');
          throw new Error('refused');
        },
      ],
    },
    throwHttpErrors: false,
    decompress: false,
    signal: request.signal,
  });
  // Errors are taken from the promise and from the loop over the body; between the two there must be a listener as well.
  stream.on('error', () => {});
  return stream;
}

async function receive(
  request: DownloadRequest,
  body: AsyncIterable<Uint8Array>,
  answer: HttpAnswer,
  fromByte: number,
): Promise<Attempt> {
  const part = partOf(request.file);
  const length = header(answer, 'content-length');
  const totalBytes = length === undefined ? undefined : fromByte + Number(length);
  const tooLarge = { kind: 'unreachable', reason: `it is larger than ${request.limitBytes} bytes` } as const;
  if (totalBytes !== undefined && totalBytes > request.limitBytes) {
    await part.remove();
    return tooLarge;
  }

  const pieces = body[Symbol.asyncIterator]();
  let piece = await pieces.next();
  // Before anything is thrown away: what came earlier may be right.
  if (fromByte === 0 && piece.done !== true && looksLikeHtml(piece.value)) return webPage;
  if (fromByte === 0) await part.begin(request.url, validatorOf(answer));
  let receivedBytes = fromByte;
  const handle = await open(part.file, 'a');
  try {
    for (; piece.done !== true; piece = await pieces.next()) {
      receivedBytes += piece.value.length;
      if (receivedBytes > request.limitBytes) {
        await part.remove();
        return tooLarge;
      }
      await handle.writeFile(piece.value);
      request.onProgress?.(receivedBytes, totalBytes);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (totalBytes !== undefined && receivedBytes < totalBytes)
    return { kind: 'again', reason: 'the connection was cut' };
  return { kind: 'received', isResumed: fromByte > 0 };
}

const isDiskFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(systemErrorCode(error) ?? '');

function diskFull(file: string, cause: unknown): AppError {
  return new AppError(`There is no room left in ${path.dirname(file)} for ${path.basename(file)}.`, {
    code: 'STT_DISK_FULL',
    hint: 'Make room there, then run the same command again: it goes on where it stopped.',
    exitCode: exitCodes.ioError,
    cause,
  });
}
