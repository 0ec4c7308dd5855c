/**
 * Whether the recording that lies there now is the one that was handed out: by size and time, and where only the time differs, by its
 * bytes. A file that was merely touched, or copied back, is the same recording. For threads that may wait.
 */
import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { messageOf } from '../../src/app-error.ts';
import type { Delivered, DeliveryRequest } from './delivery.ts';
import type { LibraryRoot } from './library-root.ts';
import { fingerprintNow, openRecording } from './open-recording.ts';

export type Objection = Exclude<Delivered, { kind: 'created' | 'same' | 'other' }>;

export function checkRecording(
  root: LibraryRoot,
  request: Pick<DeliveryRequest, 'path' | 'fingerprint' | 'recordingSha256'>,
): Objection | undefined {
  const opened = openRecording(root, request.path);
  if (opened.kind !== 'open') return opened;
  const { fd, fingerprint, sizeBytes } = opened;
  try {
    if (fingerprint === request.fingerprint) return undefined;
    const changed = { kind: 'changed', fingerprint, sizeBytes } as const;
    if (request.recordingSha256 === undefined || !request.fingerprint.startsWith(`${sizeBytes}:`)) return changed;
    if (sha256OfFile(fd, sizeBytes) !== request.recordingSha256) return changed;
    // What was read must be what lies there.
    return fingerprintNow(fd) === fingerprint ? undefined : changed;
  } catch (error) {
    return { kind: 'unreadable', reason: messageOf(error) };
  } finally {
    closeSync(fd);
  }
}

const stepBytes = 1024 * 1024;

function sha256OfFile(fd: number, sizeBytes: number): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(stepBytes, sizeBytes));
  for (let position = 0; position < sizeBytes;) {
    const count = readSync(fd, buffer, 0, Math.min(buffer.length, sizeBytes - position), position);
    if (count === 0) break;
    hash.update(buffer.subarray(0, count));
    position += count;
  }
  return hash.digest('hex');
}
