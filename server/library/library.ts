/**
 * The library as the rest of the server uses it: is it there, open a recording, put a transcript beside it. It knows files, and
 * neither tasks nor leases.
 */
import { createHash } from 'node:crypto';
import { lstat, opendir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createFileAtomic, syncDirectory } from '../../src/atomic-file.ts';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import { stemOf } from './media-types.ts';
import { type Opened, openRecording, type OpenRecording } from './open-recording.ts';

export type Presence =
  | { kind: 'present' }
  /** It is a directory with nothing at all in it: perhaps a mount point whose disk is not mounted. */
  | { kind: 'empty' }
  | { kind: 'missing'; reason: string };

/** Of a folder below the library; a disk may be mounted there as well. */
export const emptyFolder =
  'the folder is missing or holds no file: is its disk mounted? (If it is meant to be so, put any file into it.)';

export type Delivery =
  | 'created'
  /** The same bytes were there already: this server wrote them and was stopped before it could note so. */
  | 'same'
  /** Somebody's own transcript; it stays as it is. */
  | 'other';

export class Library {
  /** An absolute path. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async presence(): Promise<Presence> {
    try {
      await using folder = await opendir(this.root);
      return (await folder.read()) === null ? { kind: 'empty' } : { kind: 'present' };
    } catch (error) {
      return { kind: 'missing', reason: messageOf(error) };
    }
  }

  open(recordingPath: string): Promise<Opened> {
    return openRecording(this.root, recordingPath);
  }

  /** @returns why nothing follows from the recording not being in its folder, or undefined where the folder can be believed. */
  async doubtAbout(recordingPath: string): Promise<string | undefined> {
    try {
      const folder = path.dirname(path.join(this.root, recordingPath));
      for await (const entry of await opendir(folder)) if (!entry.isDirectory()) return undefined;
      return emptyFolder;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Durable when it resolves. The bytes are never written over a file that is there. */
  async deliver(recordingPath: string, transcript: Uint8Array): Promise<Delivery> {
    const file = this.#transcriptFile(recordingPath);
    if (await createFileAtomic(file, transcript)) return 'created';
    if (!(await this.holdsTranscript(recordingPath, transcript))) return 'other';
    // Whoever created it may have been stopped before this.
    await syncDirectory(path.dirname(file));
    return 'same';
  }

  /** Whether exactly these bytes lie beside the recording. */
  async holdsTranscript(recordingPath: string, transcript: Uint8Array): Promise<boolean> {
    const file = this.#transcriptFile(recordingPath);
    try {
      const stat = await lstat(file);
      if (!stat.isFile() || stat.size !== transcript.byteLength) return false;
      return (await readFile(file)).equals(transcript);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async hasTranscript(recordingPath: string): Promise<boolean> {
    try {
      await lstat(this.#transcriptFile(recordingPath));
      return true;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  #transcriptFile(recordingPath: string): string {
    return path.join(this.root, `${stemOf(recordingPath)}.vtt`);
  }
}

/** SHA-256 in hex of the recording as long as it was when it was opened, read as a stream. */
export async function sha256Of(recording: OpenRecording, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const stream = recording.handle.createReadStream({
    start: 0,
    end: recording.sizeBytes - 1,
    autoClose: false,
    highWaterMark: 1024 * 1024,
    signal,
  });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
