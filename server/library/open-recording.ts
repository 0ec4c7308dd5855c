/**
 * Opens a recording by descriptor: only a regular file that truly lies inside the library, whatever links stand on the way. All that
 * is served or compared later comes from this descriptor, so that nothing can be exchanged in between. For threads that may wait.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import type { LibraryRoot } from './library-root.ts';

export type OpenFile = { kind: 'open'; fd: number; sizeBytes: number; fingerprint: string };

export type NotOpen =
  /** Not there, empty, or no regular file of the library (any more): nothing to offer. */
  | { kind: 'gone'; reason: string }
  /** There, but it cannot be read: permissions, a disk error. */
  | { kind: 'unreadable'; reason: string };

/** Tells one content of a file from the next, as well as it can be told without reading it. */
export function fingerprintOf(stat: Pick<BigIntStats, 'size' | 'mtimeNs'>): string {
  return `${stat.size}:${stat.mtimeNs}`;
}

const goneCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);
/** Not the recording's fault: the process, or the machine, has no more descriptors or memory. */
const exhaustedCodes = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Whoever gets the descriptor closes it.
 * @param relativePath from the catalogue, never from a peer.
 * @throws the system's error where descriptors or memory are exhausted.
 */
export function openRecording(root: LibraryRoot, relativePath: string): OpenFile | NotOpen {
  const file = path.join(root.path, relativePath);
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (exhaustedCodes.has(code)) throw error;
    return { kind: goneCodes.has(code) ? 'gone' : 'unreadable', reason: messageOf(error) };
  }
  let isKept = false;
  try {
    const stat = fstatSync(fd, { bigint: true });
    const objection = objectionTo(stat, root, file, fd);
    if (objection !== undefined) return { kind: 'gone', reason: objection };
    isKept = true;
    return { kind: 'open', fd, sizeBytes: Number(stat.size), fingerprint: fingerprintOf(stat) };
  } catch (error) {
    if (exhaustedCodes.has(systemErrorCode(error) ?? '')) throw error;
    return { kind: 'unreadable', reason: messageOf(error) };
  } finally {
    if (!isKept) closeSync(fd);
  }
}

/** The fingerprint that the open file has by now. */
export function fingerprintNow(fd: number): string {
  return fingerprintOf(fstatSync(fd, { bigint: true }));
}

function objectionTo(stat: BigIntStats, root: LibraryRoot, file: string, fd: number): string | undefined {
  if (!stat.isFile()) return 'it is not a regular file';
  if (stat.size === 0n) return 'it is empty (0 bytes)';
  return root.holds(truePathOf(fd, file)) ? undefined : 'it lies outside the library';
}

/** Where the open file lies. Without /proc (macOS) its folder must answer for it. */
function truePathOf(fd: number, file: string): string {
  if (process.platform === 'linux') return readlinkSync(`/proc/self/fd/${fd}`);
  return path.join(realpathSync.native(path.dirname(file)), path.basename(file));
}
