/** What tests of downloads share: a file to be served, a request for it, a clock that waits for nothing. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { TemporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Clock } from '../../clock.ts';
import type { DownloadRequest } from '../download.ts';
import { partOf } from '../download-part.ts';

export const content = Buffer.from('whisper '.repeat(20_000));
export const half = content.length / 2;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Waits for nothing, and remembers for how long it should have. */
export function impatientClock(): Clock & { waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    now: () => Date.UTC(2026, 0, 1),
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}

export const requestFor = (
  server: { url: string },
  folder: TemporaryFolder,
  more: Partial<Omit<DownloadRequest, 'sha256' | 'sha1'>> = {},
  expected: Uint8Array = content,
): DownloadRequest => ({
  url: server.url,
  file: folder.join('file'),
  sha256: sha256(expected),
  limitBytes: 1_000_000,
  clock: impatientClock(),
  signal: new AbortController().signal,
  ...more,
});

/** As an interrupted run leaves it. */
export async function leavePart(request: DownloadRequest, bytes: Uint8Array, validator: string): Promise<void> {
  const part = partOf(request.file);
  await part.begin(request.url, validator);
  await writeFile(part.file, bytes);
}

/** Of `bytes=100-`. */
export const rangeStart = (range: string | undefined): number => Number(/^bytes=(\d+)-$/u.exec(range ?? '')?.[1]);
