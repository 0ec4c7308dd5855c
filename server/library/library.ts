/**
 * The library as the rest of the server uses it: is it there, open a recording, put a transcript beside it. It knows files, and
 * neither tasks nor leases. It owns two threads: whoever wants a recording does not wait for the disk to take transcripts.
 */
import { lstat, opendir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import { type Thread, startThread } from '../threads/thread.ts';
import type { Delivered, DeliveryRequest } from './delivery.ts';
import type { FilesThreadData, FilesVerbs } from './files-thread.ts';
import { type Offer, offerFrom, type Opened } from './opened-recording.ts';
import { transcriptCandidates } from './transcript-names.ts';

export type Presence =
  | { kind: 'present' }
  /** It is a directory with nothing at all in it: perhaps a mount point whose disk is not mounted. */
  | { kind: 'empty' }
  | { kind: 'missing'; reason: string };

/** Of a folder below the library; a disk may be mounted there as well. */
export const emptyFolder =
  'the folder is missing or holds no file: is its disk mounted? (If it is meant to be so, put any file into it.)';

export type LibraryOptions = {
  /** An absolute path. */
  root: string;
  /** How transcripts are called: `{stem}.vtt`. */
  transcriptPattern: string;
  /** A thread ended by itself: nothing can be opened or delivered any more. */
  onFailure: (error: Error) => void;
};

type FilesThread = Thread<FilesVerbs>;

export class Library {
  /** An absolute path. */
  readonly root: string;
  readonly #pattern: string;
  readonly #readers: FilesThread;
  readonly #writers: FilesThread;

  private constructor(options: LibraryOptions, readers: FilesThread, writers: FilesThread) {
    this.root = options.root;
    this.#pattern = options.transcriptPattern;
    this.#readers = readers;
    this.#writers = writers;
  }

  static async start(options: LibraryOptions): Promise<Library> {
    const { root, transcriptPattern, onFailure } = options;
    const thread = (name: string): Promise<FilesThread> =>
      startThread<FilesVerbs, FilesThreadData>({
        name,
        file: new URL('./files-thread', import.meta.url),
        data: { root, transcriptPattern },
        onFailure,
      });
    const [readers, writers] = await Promise.all([
      thread('the reader of recordings'),
      thread('the writer of transcripts'),
    ]);
    return new Library(options, readers, writers);
  }

  /** When nothing is under way any more. */
  async close(): Promise<void> {
    await Promise.all([this.#readers.end(), this.#writers.end()]);
  }

  async presence(): Promise<Presence> {
    try {
      await using folder = await opendir(this.root);
      return (await folder.read()) === null ? { kind: 'empty' } : { kind: 'present' };
    } catch (error) {
      return { kind: 'missing', reason: messageOf(error) };
    }
  }

  /** For a claim: also says where a transcript lies by now. Rejects where the process has no descriptors or memory left. */
  async offer(recordingPath: string, language: string): Promise<Offer> {
    return offerFrom(await this.#readers.calls.verbs.look(recordingPath, language));
  }

  /** The recording itself, whatever lies beside it. Rejects where the process has no descriptors or memory left. */
  async open(recordingPath: string): Promise<Opened> {
    const offer = offerFrom(await this.#readers.calls.verbs.look(recordingPath, undefined));
    if (offer.kind === 'transcribed') throw new Error('a transcript was looked for that nobody asked for');
    return offer;
  }

  /** Durable when it resolves with `created` or `same`. The bytes are never written over a file that is there. */
  deliver(request: DeliveryRequest): Promise<Delivered> {
    return this.#writers.calls.verbs.deliver(request);
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

  /** Whether exactly these bytes lie beside the recording, at one of the names that its transcript may have. */
  async holdsTranscript(recordingPath: string, language: string, transcript: Uint8Array): Promise<boolean> {
    for (const file of this.#transcriptFiles(recordingPath, language)) {
      const stat = await statIfThere(file);
      if (stat?.isFile() !== true || stat.size !== transcript.byteLength) continue;
      if ((await readFile(file)).equals(transcript)) return true;
    }
    return false;
  }

  async hasTranscript(recordingPath: string, language: string): Promise<boolean> {
    for (const file of this.#transcriptFiles(recordingPath, language)) {
      if ((await statIfThere(file)) !== undefined) return true;
    }
    return false;
  }

  #transcriptFiles(recordingPath: string, language: string): string[] {
    return transcriptCandidates(this.#pattern, recordingPath, language).map((name) => path.join(this.root, name));
  }
}

async function statIfThere(file: string): Promise<{ isFile: () => boolean; size: number } | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
