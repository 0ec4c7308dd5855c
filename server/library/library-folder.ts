/**
 * A folder of the library, open: all that is done in it goes through its descriptor, so that nobody can put another folder in its place
 * in between. For threads that may wait.
 */
import { closeSync, constants, openSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import type { LibraryRoot } from './library-root.ts';

export type OpenFolder = { kind: 'open'; folder: LibraryFolder } | { kind: 'gone'; reason: string };

export class LibraryFolder {
  readonly #fd: number;
  readonly #way: string;

  private constructor(fd: number, way: string) {
    this.#fd = fd;
    this.#way = way;
  }

  /** @param relativePath '.' is the library itself. @throws the system's error where it cannot be opened now. */
  static open(root: LibraryRoot, relativePath: string): OpenFolder {
    const place = path.join(root.path, relativePath);
    // The library itself may be reached by a link.
    const follow = relativePath === '.' ? 0 : constants.O_NOFOLLOW;
    let fd: number;
    try {
      fd = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | follow);
    } catch (error) {
      if (goneCodes.has(systemErrorCode(error) ?? '')) return { kind: 'gone', reason: messageOf(error) };
      throw error;
    }
    try {
      const isLinux = process.platform === 'linux';
      const truePlace = isLinux ? readlinkSync(`/proc/self/fd/${fd}`) : realpathSync.native(place);
      if (root.holds(truePlace + path.sep)) {
        return { kind: 'open', folder: new LibraryFolder(fd, isLinux ? `/proc/self/fd/${fd}` : truePlace) };
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
    return { kind: 'gone', reason: 'its folder lies outside the library' };
  }

  /** How to reach a file in it. @param name without any folder. */
  wayTo(name: string): string {
    return `${this.#way}/${path.basename(name)}`;
  }

  /** Makes new names survive a power cut. */
  async sync(fsync: (fd: number) => Promise<void>): Promise<void> {
    await fsync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const goneCodes = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
