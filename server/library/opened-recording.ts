/** A recording as the main thread has it: whole in memory where it is small, or a descriptor. Whoever has it disposes of it. */
import { close } from 'node:fs';
import type { Looked } from './look-at-recording.ts';
import type { NotOpen } from './open-recording.ts';

export type OpenRecording = AsyncDisposable & {
  sizeBytes: number;
  fingerprint: string;
  content: { kind: 'bytes'; bytes: Uint8Array; sha256: string } | { kind: 'file'; fd: number };
};

export type Opened = { kind: 'open'; recording: OpenRecording } | NotOpen;

/** What a claim finds. */
export type Offer =
  | { kind: 'open'; recording: OpenRecording }
  /** A transcript lies there. */
  | { kind: 'transcribed' }
  | NotOpen;

export function offerFrom(looked: Looked): Offer {
  if (looked.kind === 'bytes') {
    const { sizeBytes, fingerprint, bytes, sha256 } = looked;
    const content = { kind: 'bytes', bytes, sha256 } as const;
    return {
      kind: 'open',
      recording: { sizeBytes, fingerprint, content, [Symbol.asyncDispose]: nothingToClose },
    };
  }
  if (looked.kind !== 'file') return looked;
  const { sizeBytes, fingerprint, fd } = looked;
  let closed: Promise<void> | undefined;
  const recording: OpenRecording = {
    sizeBytes,
    fingerprint,
    content: { kind: 'file', fd },
    // Once: the number may belong to another file afterwards.
    [Symbol.asyncDispose]: () => (closed ??= new Promise((resolve) => close(fd, () => resolve()))),
  };
  return { kind: 'open', recording };
}

const nothingToClose = (): Promise<void> => Promise.resolve();
