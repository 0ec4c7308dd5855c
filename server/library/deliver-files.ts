/**
 * Puts transcripts beside their recordings, many at once, in the order that is the promise: all bytes into temporary siblings, each of
 * them fsynced, then their names, then each folder fsynced once. The disk is waited for side by side: a file system writes what many
 * wait for in one go. Nothing that is there is ever overwritten, and what fails leaves no name behind. It knows files, no tasks; the
 * recordings have been looked at.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsync, linkSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { systemErrorCode } from '../../src/app-error.ts';
import { noHardLinks, temporarySuffix } from '../../src/atomic-file.ts';
import type { Delivered, DeliveryRequest } from './delivery.ts';
import { LibraryFolder } from './library-folder.ts';
import { LibraryRoot } from './library-root.ts';
import { isTooLong } from './transcript-names.ts';

export type Disk = { fsync: (fd: number) => Promise<void>; link: (from: string, to: string) => void };

const realDisk: Disk = { fsync: promisify(fsync), link: linkSync };

/** Their temporary files are open at the same time. */
const mostTogether = 64;

/** @returns an answer for each request, in their order. @param disk stands in for one that fails, in tests. */
export async function deliverFiles(
  root: string,
  requests: readonly DeliveryRequest[],
  disk: Disk = realDisk,
): Promise<(Delivered | Error)[]> {
  const answers: (Delivered | Error)[] = [];
  for (let start = 0; start < requests.length; start += mostTogether) {
    answers.push(...(await deliverTogether(new LibraryRoot(root), requests.slice(start, start + mostTogether), disk)));
  }
  return answers;
}

async function deliverTogether(
  root: LibraryRoot,
  requests: readonly DeliveryRequest[],
  disk: Disk,
): Promise<(Delivered | Error)[]> {
  const folders = new Map<string, LibraryFolder>();
  const parcels = requests.map((request) => new Parcel(request, disk));
  const all = async (step: (parcel: Parcel) => void | Promise<void>): Promise<void> => {
    await Promise.all(parcels.map((parcel) => parcel.attempt(() => step(parcel))));
  };
  try {
    await all((parcel) => parcel.open(root, folders));
    await all((parcel) => parcel.write());
    await all((parcel) => parcel.sync());
    await all((parcel) => parcel.name());
    await Promise.all([...folders.values()].map((folder) => syncFolder(folder, parcels, disk)));
  } finally {
    for (const folder of folders.values()) folder.close();
  }
  return parcels.map((parcel) => parcel.answer);
}

async function syncFolder(folder: LibraryFolder, parcels: readonly Parcel[], disk: Disk): Promise<void> {
  const concerned = parcels.filter((parcel) => parcel.folder === folder && parcel.isNamed);
  if (concerned.length === 0) return;
  try {
    await folder.sync(disk.fsync);
  } catch (error) {
    for (const parcel of concerned) parcel.fail(error);
  }
}

/** `fd` is open from when it is written until it is synced; `temporary` exists until it has its name. */
type Sheet = { name: string; bytes: Uint8Array; fd: number | undefined; temporary: string | undefined };

/** All files of one request, on their way to the disk. */
class Parcel {
  readonly #request: DeliveryRequest;
  readonly #disk: Disk;
  #sheets: Sheet[] = [];
  #created: string[] = [];
  #skipped: string[] = [];
  #answer: Delivered | Error | undefined;
  #isWebVttThere = false;
  folder: LibraryFolder | undefined;

  constructor(request: DeliveryRequest, disk: Disk) {
    this.#request = request;
    this.#disk = disk;
  }

  get isNamed(): boolean {
    return this.#answer === undefined;
  }

  get answer(): Delivered | Error {
    if (this.#answer !== undefined) return this.#answer;
    const kind = this.#isWebVttThere ? 'same' : 'created';
    return this.#skipped.length === 0 ? { kind } : { kind, skipped: this.#skipped };
  }

  /** Does the next step, unless the answer is known. What goes wrong concerns this one alone. */
  async attempt(step: () => void | Promise<void>): Promise<void> {
    if (this.#answer !== undefined) return;
    try {
      await step();
    } catch (error) {
      this.fail(error);
    }
  }

  open(root: LibraryRoot, folders: Map<string, LibraryFolder>): void {
    const place = path.posix.dirname(this.#request.path);
    this.folder = folders.get(place);
    if (this.folder !== undefined) return;
    const opened = LibraryFolder.open(root, place);
    if (opened.kind === 'open') {
      this.folder = opened.folder;
      folders.set(place, opened.folder);
    } else this.#answer = opened;
  }

  /** What lies there already is not written. */
  async write(): Promise<void> {
    for (const [index, { name, bytes }] of this.#request.files.entries()) {
      // Longer than that of the `.vtt`, which shall be stored all the same.
      if (index > 0 && isTooLong(name)) {
        this.#skipped.push(name);
        continue;
      }
      const lying = await this.#lying(name, bytes);
      if (lying === 'none') this.#writeOne(name, bytes);
      else if (!this.#goesOnBeside(lying, index, name)) return;
    }
  }

  async sync(): Promise<void> {
    for (const sheet of this.#sheets) {
      const { fd } = sheet;
      if (fd === undefined) continue;
      await this.#disk.fsync(fd);
      sheet.fd = undefined;
      // Some network file systems only tell now that the disk is full.
      closeSync(fd);
    }
  }

  async name(): Promise<void> {
    for (const sheet of this.#sheets) {
      if (sheet.temporary === undefined) continue;
      const file = this.#wayTo(sheet.name);
      if (nameIt(sheet.temporary, file, this.#disk)) this.#created.push(file);
      else {
        const index = this.#request.files.findIndex((one) => one.name === sheet.name);
        const lying = await this.#lying(sheet.name, sheet.bytes);
        if (!this.#goesOnBeside(lying === 'same' ? 'same' : 'other', index, sheet.name)) break;
      }
    }
    this.#dropTemporaries();
  }

  fail(error: unknown): void {
    this.#answer = error instanceof Error ? error : new Error(String(error));
    // People know the folder by another name than that of its descriptor.
    if (this.folder !== undefined) this.#answer.message = this.#answer.message.replaceAll(this.folder.wayTo(''), '');
    this.#dropTemporaries();
    // It may be lost at the next power cut: nobody shall take it for delivered.
    for (const file of this.#created) quietly(() => unlinkSync(file));
    this.#created = [];
  }

  /** @returns false when nothing more is to be written: the `.vtt` of somebody else lies there. */
  #goesOnBeside(lying: 'same' | 'other', index: number, name: string): boolean {
    if (lying === 'same') {
      if (index === 0) this.#isWebVttThere = true;
    } else if (index === 0) {
      this.#answer = { kind: 'other' };
      this.#dropTemporaries();
      return false;
    } else this.#skipped.push(name);
    return true;
  }

  #writeOne(name: string, bytes: Uint8Array): void {
    const temporary = this.#wayTo(`.${randomBytes(6).toString('hex')}${temporarySuffix}`);
    const fd = openSync(temporary, 'wx', 0o644);
    this.#sheets.push({ name, bytes, fd, temporary });
    writeFileSync(fd, bytes);
  }

  /** The same bytes are made durable: whoever wrote them may have been stopped before that. */
  async #lying(name: string, bytes: Uint8Array): Promise<'none' | 'same' | 'other'> {
    const file = this.#wayTo(name);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return 'none';
    if (!stat.isFile() || stat.size !== bytes.byteLength) return 'other';
    let fd: number;
    try {
      fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      // This server could read what it wrote.
      if (systemErrorCode(error) === 'EACCES') return 'other';
      throw error;
    }
    try {
      if (!fstatSync(fd).isFile() || !readFileSync(fd).equals(bytes)) return 'other';
      await this.#disk.fsync(fd);
      return 'same';
    } finally {
      closeSync(fd);
    }
  }

  #dropTemporaries(): void {
    for (const { fd, temporary } of this.#sheets) {
      if (fd !== undefined) quietly(() => closeSync(fd));
      // It is gone already where it was renamed.
      if (temporary !== undefined) quietly(() => unlinkSync(temporary));
    }
    this.#sheets = [];
  }

  #wayTo(name: string): string {
    if (this.folder === undefined) throw new Error('the folder is not open');
    return this.folder.wayTo(name);
  }
}

/** Gives the finished file its name. @returns false when that is taken. */
function nameIt(temporary: string, file: string, disk: Disk): boolean {
  try {
    // link() fails where the name is taken; rename() would overwrite it.
    disk.link(temporary, file);
    return true;
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (!noHardLinks.has(code)) throw error;
    // FAT and some network shares know no links. Between these two steps lies the one moment that cannot be guarded there.
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(temporary, file);
    return true;
  }
}

/** A temporary file that stays is swept by the next scan. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The first error is the one to be told.
  }
}
