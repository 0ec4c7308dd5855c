/**
 * What a claim wants to know of a recording, in one go: is there a transcript by now, and the recording itself: a small one whole with
 * its digest, a larger one as a descriptor. For threads that may wait.
 */
import { hash } from 'node:crypto';
import { closeSync, lstatSync, readSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../src/app-error.ts';
import type { LibraryRoot } from './library-root.ts';
import { fingerprintNow, type NotOpen, openRecording } from './open-recording.ts';
import { transcriptCandidates } from './transcript-names.ts';

export type LookOptions = {
  root: LibraryRoot;
  /** `{stem}.vtt` or the like. */
  transcriptPattern: string;
};

/** As it travels between threads: the bytes are handed over, a descriptor is valid in the whole process. */
export type Looked =
  | {
      kind: 'bytes';
      sizeBytes: number;
      fingerprint: string;
      bytes: Uint8Array<ArrayBuffer>;
      sha256: string;
    }
  | { kind: 'file'; sizeBytes: number; fingerprint: string; fd: number }
  | { kind: 'transcribed' }
  | NotOpen;

/** So large a recording is read whole; what is larger is streamed. */
export const smallBytes = 128 * 1024;

/**
 * @param language of the task, where it is to be handed out: then a transcript is looked for as well.
 * @throws the system's error where descriptors or memory are exhausted.
 */
export function lookAtRecording(options: LookOptions, relativePath: string, language: string | undefined): Looked {
  if (language !== undefined && isTranscribed(options, relativePath, language)) return { kind: 'transcribed' };
  const opened = openRecording(options.root, relativePath);
  if (opened.kind !== 'open') return opened;
  const { fd, sizeBytes, fingerprint } = opened;
  if (sizeBytes > smallBytes) return { kind: 'file', sizeBytes, fingerprint, fd };
  try {
    const bytes = readWhole(fd, sizeBytes);
    // Also where somebody is still writing it: it is offered again later, with the bytes it has then.
    if (bytes === undefined || fingerprintNow(fd) !== fingerprint) return changing;
    return { kind: 'bytes', sizeBytes, fingerprint, bytes, sha256: hash('sha256', bytes, 'hex') };
  } catch (error) {
    return { kind: 'unreadable', reason: messageOf(error) };
  } finally {
    closeSync(fd);
  }
}

const changing: NotOpen = { kind: 'unreadable', reason: 'it changed while it was read' };

function readWhole(fd: number, sizeBytes: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(sizeBytes);
  for (let position = 0; position < sizeBytes;) {
    const count = readSync(fd, bytes, position, sizeBytes - position, position);
    if (count === 0) return undefined;
    position += count;
  }
  return bytes;
}

/** It may have appeared since the last scan. */
function isTranscribed({ root, transcriptPattern }: LookOptions, relativePath: string, language: string): boolean {
  const names = transcriptCandidates(transcriptPattern, relativePath, language);
  return names.some((name) => isThere(path.join(root.path, name)));
}

/** What cannot be looked at now shows itself when the recording is opened. */
function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
