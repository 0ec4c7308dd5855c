/**
 * Downloads a file that is known by its SHA-256. Goes on where a cut download stopped, waits when told to, and puts only verified
 * bytes in place. A server that cannot serve it is an outcome; wrong bytes are an error.
 */
import { once } from 'node:events';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import got, { RequestError, TimeoutError } from 'got';
import { z } from 'zod';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { syncDirectory, writeFileAtomic } from '../atomic-file.ts';
import type { Clock } from '../clock.ts';
import { exitCodes } from '../exit-codes.ts';
import { fileDigest } from './file-digest.ts';

export type DownloadRequest = {
  url: string;
  /** Where the verified file goes; `FILE.part` beside it holds what came so far. */
  file: string;
  sha256: string;
  /** More than this is refused. */
  limitBytes: number;
  clock: Clock;
  signal: AbortSignal;
  /** `totalBytes` is unknown where the server does not tell. */
  onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** A connection that is not made within this time counts as unreachable. */
  connectMs?: number;
  /** Silence for this long counts as a cut. */
  stallMs?: number;
};

export type DownloadEnd = { kind: 'done' } | { kind: 'unreachable'; reason: string };

type Attempt =
  | { kind: 'received'; isResumed: boolean }
  | { kind: 'again'; reason: string; afterMs?: number }
  | { kind: 'unreachable'; reason: string };

const maxAttempts = 5;
const longestWaitMs = 60_000;
const backoffMs = (attempt: number): number => 500 * 2 ** (attempt - 1);

/** @throws AppError STT_DOWNLOAD_WRONG when the complete file is not the one that was asked for; nothing of it is kept. */
export async function download(request: DownloadRequest): Promise<DownloadEnd> {
  if (await isVerified(request.file, request.sha256)) return { kind: 'done' };

  for (let attempt = 1; ; attempt += 1) {
    const end = await attemptDownload(request);
    request.signal.throwIfAborted();
    if (end.kind === 'unreachable') return end;
    if (end.kind === 'received') {
      if (await takeOver(request)) return { kind: 'done' };
      // Two halves of different files may have met: once more, from the start.
      if (end.isResumed) continue;
      throw wrongFile(request);
    }
    if (attempt >= maxAttempts) return { kind: 'unreachable', reason: `${end.reason}, after ${attempt} attempts` };
    await request.clock.sleep(end.afterMs ?? backoffMs(attempt), request.signal);
    request.signal.throwIfAborted();
  }
}

async function isVerified(file: string, sha256: string): Promise<boolean> {
  try {
    return (await fileDigest(file, 'sha256', 'hex')) === sha256;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Puts the part in place when it is right, else removes it. */
async function takeOver(request: DownloadRequest): Promise<boolean> {
  const part = partOf(request.file);
  const isRight = await isVerified(part.file, request.sha256);
  if (isRight) {
    await rename(part.file, request.file);
    await syncDirectory(path.dirname(request.file));
  }
  await part.remove();
  return isRight;
}

function wrongFile(request: DownloadRequest): AppError {
  return new AppError(`What ${request.url} serves is not the file that is expected: its SHA-256 differs.`, {
    code: 'STT_DOWNLOAD_WRONG',
    hint: `Expected ${request.sha256}. Nothing was kept. Do not use that file; report it if it comes from the official place.`,
    exitCode: exitCodes.data,
  });
}

async function attemptDownload(request: DownloadRequest): Promise<Attempt> {
  const part = partOf(request.file);
  const resume = await part.resumePoint(request.url);
  const { connectMs = 5000, stallMs = 30_000 } = request;
  const stream = got.stream(request.url, {
    headers: resume === undefined ? {} : { range: `bytes=${resume.bytes}-`, 'if-range': resume.validator },
    timeout: { lookup: connectMs, connect: connectMs, secureConnect: connectMs, response: stallMs, socket: stallMs },
    retry: { limit: 0 },
    throwHttpErrors: false,
    decompress: false,
    signal: request.signal,
  });
  // Errors are taken from the promise and the loop below; between the two there must be a listener as well.
  stream.on('error', () => {});
  let hasAnswered = resume !== undefined;
  try {
    const [response] = (await once(stream, 'response')) as [HttpAnswer];
    hasAnswered = true;
    const verdict = judgeAnswer(response, resume?.bytes, request.clock.now());
    if (verdict.kind !== 'take') {
      if (response.statusCode === 416) await part.remove();
      return verdict;
    }
    return await receive(request, stream, response, verdict.fromByte);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const reason = error instanceof TimeoutError ? `no answer in time (${error.event})` : messageOf(error);
    return hasAnswered ? { kind: 'again', reason } : { kind: 'unreachable', reason };
  } finally {
    stream.destroy();
  }
}

const webPage = { kind: 'unreachable', reason: 'a web page came instead of the file' } as const;

type HttpAnswer = { statusCode: number; headers: Record<string, string | string[] | undefined> };

const header = (answer: HttpAnswer, name: string): string | undefined => {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : undefined;
};

type Verdict = { kind: 'take'; fromByte: number } | Exclude<Attempt, { kind: 'received' }>;

/** Pure: what to do with an answer, seen from its head. */
function judgeAnswer(answer: HttpAnswer, resumeBytes: number | undefined, nowMs: number): Verdict {
  const { statusCode } = answer;
  const isHtml = /^text\/html/iu.test(header(answer, 'content-type') ?? '');
  if (statusCode === 206 && resumeBytes !== undefined) {
    const start = /^bytes (\d+)-/u.exec(header(answer, 'content-range') ?? '')?.[1];
    if (Number(start) === resumeBytes) return { kind: 'take', fromByte: resumeBytes };
    return { kind: 'unreachable', reason: 'the server answered with another range than the one asked for' };
  }
  if (statusCode === 200 && isHtml) return webPage;
  if (statusCode === 200) return { kind: 'take', fromByte: 0 };
  if (statusCode === 416) return { kind: 'again', reason: 'HTTP 416', afterMs: 0 };
  if ([408, 429, 500, 502, 503, 504].includes(statusCode)) {
    const afterMs = retryAfterMs(header(answer, 'retry-after'), nowMs);
    const reason = `HTTP ${statusCode}`;
    if (afterMs === undefined) return { kind: 'again', reason };
    if (afterMs > longestWaitMs) {
      return { kind: 'unreachable', reason: `${reason}, asked to wait ${Math.ceil(afterMs / 1000)} s` };
    }
    return { kind: 'again', reason, afterMs };
  }
  return { kind: 'unreachable', reason: `HTTP ${statusCode}` };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/u.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

async function receive(
  request: DownloadRequest,
  body: AsyncIterable<Uint8Array>,
  answer: HttpAnswer,
  fromByte: number,
): Promise<Attempt> {
  const part = partOf(request.file);
  if (fromByte === 0) await part.begin(request.url, validatorOf(answer));
  const length = header(answer, 'content-length');
  const totalBytes = length === undefined ? undefined : fromByte + Number(length);
  let receivedBytes = fromByte;

  const handle = await open(part.file, 'a');
  try {
    for await (const chunk of body) {
      if (receivedBytes === 0 && looksLikeHtml(chunk)) return webPage;
      receivedBytes += chunk.length;
      if (receivedBytes > request.limitBytes) {
        await part.remove();
        return { kind: 'unreachable', reason: `it is larger than ${request.limitBytes} bytes` };
      }
      await handle.writeFile(chunk);
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

function looksLikeHtml(firstChunk: Uint8Array): boolean {
  const start = Buffer.from(firstChunk.subarray(0, 200)).toString('latin1').trimStart();
  return /^<(!doctype|html)/iu.test(start);
}

/** Only a strong ETag, or a date, may be used with If-Range. */
function validatorOf(answer: HttpAnswer): string | undefined {
  const etag = header(answer, 'etag');
  return etag === undefined || etag.startsWith('W/') ? header(answer, 'last-modified') : etag;
}

const partStateSchema = z.object({ url: z.string(), validator: z.string() });

/** `FILE.part`, and beside it what makes going on safe: its address and the server's mark for that very content. */
function partOf(file: string) {
  const partFile = `${file}.part`;
  const stateFile = `${file}.part.json`;
  const remove = async (): Promise<void> => {
    await rm(partFile, { force: true });
    await rm(stateFile, { force: true });
  };
  return {
    file: partFile,
    remove,
    async begin(url: string, validator: string | undefined): Promise<void> {
      await remove();
      if (validator !== undefined) await writeFileAtomic(stateFile, JSON.stringify({ url, validator }));
    },
    async resumePoint(url: string): Promise<{ bytes: number; validator: string } | undefined> {
      try {
        const state = partStateSchema.parse(JSON.parse(await readFile(stateFile, 'utf8')));
        const { size } = await stat(partFile);
        return state.url === url && size > 0 ? { bytes: size, validator: state.validator } : undefined;
      } catch {
        // Nothing there, or not readable: from the start then.
        return undefined;
      }
    },
  };
}
