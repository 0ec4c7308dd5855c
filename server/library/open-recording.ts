/**
 * Opens a recording by descriptor: only a regular file that truly lies inside the library, whatever links stand on the way. All that
 * is served or compared later comes from this descriptor, so that nothing can be exchanged in between.
 */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';

export type OpenRecording = AsyncDisposable & { handle: FileHandle; sizeBytes: number; fingerprint: string };

export type Opened =
  | { kind: 'open'; recording: OpenRecording }
  /** Not there, empty, or no regular file of the library (any more): nothing to offer. */
  | { kind: 'gone'; reason: string }
  /** There, but it cannot be read: permissions, a disk error. */
  | { kind: 'unreadable'; reason: string };

/** Tells one content of a file from the next, as well as it can be told without reading it. */
export function fingerprintOf(stat: BigIntStats): string {
  return `${stat.size}:${stat.mtimeNs}`;
}

/** @param relativePath from the catalogue, never from a peer. */
export async function openRecording(root: string, relativePath: string): Promise<Opened> {
  const file = path.join(root, relativePath);
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemErrorCode(error);
    const isGone = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO';
    return { kind: isGone ? 'gone' : 'unreadable', reason: messageOf(error) };
  }
  try {
    const stat = await handle.stat({ bigint: true });
    const objection = await objectionTo(stat, root, file, handle);
    if (objection !== undefined) {
      await handle.close();
      return { kind: 'gone', reason: objection };
    }
    const recording = {
      handle,
      sizeBytes: Number(stat.size),
      fingerprint: fingerprintOf(stat),
      [Symbol.asyncDispose]: () => handle.close(),
    };
    return { kind: 'open', recording };
  } catch (error) {
    await handle.close();
    return { kind: 'unreadable', reason: messageOf(error) };
  }
}

async function objectionTo(
  stat: BigIntStats,
  root: string,
  file: string,
  handle: FileHandle,
): Promise<string | undefined> {
  if (!stat.isFile()) return 'it is not a regular file';
  if (stat.size === 0n) return 'it is empty (0 bytes)';
  const trueRoot = await realpath(root);
  const trueFile = await truePathOf(handle, file);
  return trueFile.startsWith(trueRoot.endsWith(path.sep) ? trueRoot : trueRoot + path.sep)
    ? undefined
    : 'it lies outside the library';
}

/** Where the open file lies. Without /proc (macOS) its folder must answer for it. */
async function truePathOf(handle: FileHandle, file: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  return path.join(await realpath(path.dirname(file)), path.basename(file));
}
