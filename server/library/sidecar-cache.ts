/**
 * What the sidecars of one folder said, so that those that did not change are not read again. It never trusts a file that was written
 * a moment before it was read: it may have been written once more within the same tick of the file system's clock.
 */
import type { Stats } from 'node:fs';
import { readSidecar, type Sidecar } from './sidecar.ts';

type Known = { sizeBytes: number; mtimeMs: number; sidecar: Sidecar };

/** The coarsest clock of a file system in use ticks every two seconds (FAT). */
const longestTickMs = 2000;

export class SidecarCache {
  #last = new Map<string, Known>();
  #now = new Map<string, Known>();
  /** How many files were opened, since ever. */
  reads = 0;

  /** @param stat of the file, just taken. @param now wall time. */
  read(file: string, stem: string, stat: Stats, now: number): Sidecar {
    const known = this.#last.get(stem);
    if (known !== undefined && known.mtimeMs === stat.mtimeMs && known.sizeBytes === stat.size) {
      this.#now.set(stem, known);
      return known.sidecar;
    }
    this.reads += 1;
    const sidecar = shared(readSidecar(file));
    // What is bad may be mended without a trace: by a permission, by another disk.
    if (sidecar.kind !== 'bad' && Math.abs(now - stat.mtimeMs) > longestTickMs) {
      this.#now.set(stem, { sizeBytes: stat.size, mtimeMs: stat.mtimeMs, sidecar });
    }
    return sidecar;
  }

  /** The folder has been read to its end: what was not asked for is forgotten. */
  endReading(): void {
    this.#last = this.#now;
    this.#now = new Map();
  }
}

/** A hundred thousand sidecars say one of a few things. */
const sharedSidecars = new Map<string, Sidecar>();

function shared(sidecar: Sidecar): Sidecar {
  if (sidecar.kind === 'bad') return sidecar;
  const key = sidecar.kind === 'silent' ? '' : sidecar.language;
  const known = sharedSidecars.get(key) ?? sidecar;
  sharedSidecars.set(key, known);
  return known;
}
