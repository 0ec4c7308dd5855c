/** The digest of a file, read in pieces. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** What a file is known by: its SHA-256, or, where nobody publishes that, its SHA-1. Lower-case hex. */
export type KnownDigest = { sha256: string; sha1?: undefined } | { sha1: string; sha256?: undefined };

export type ReadOptions = {
  /** Called after each piece, with what has been read so far. */
  onRead?: ((readBytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
};

const pieceBytes = 1024 ** 2;

export async function fileDigest(
  file: string,
  algorithm: 'sha256' | 'sha512' | 'sha1',
  encoding: 'hex' | 'base64',
  { onRead, signal }: ReadOptions = {},
): Promise<string> {
  const hash = createHash(algorithm);
  let readBytes = 0;
  for await (const piece of createReadStream(file, { highWaterMark: pieceBytes })) {
    signal?.throwIfAborted();
    hash.update(piece as Buffer);
    readBytes += (piece as Buffer).length;
    onRead?.(readBytes);
  }
  return hash.digest(encoding);
}

export function algorithmOf(known: KnownDigest): 'sha256' | 'sha1' {
  return known.sha256 === undefined ? 'sha1' : 'sha256';
}

export function hexOf(known: KnownDigest): string {
  return known.sha256 ?? known.sha1;
}

/** For people: `SHA-256`. */
export function digestName(known: KnownDigest): string {
  return known.sha256 === undefined ? 'SHA-1' : 'SHA-256';
}
