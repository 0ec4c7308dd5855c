/**
 * When which folder is looked at by itself: soon after something happened in it, once it has been quiet, or when a file in it has
 * settled. A folder that takes long to read gets a small part of the time only. Pure: it is told the time, in milliseconds.
 */

/** So long nothing more must have happened; copying many files makes many events. */
const quietMs = 50;
/** But a folder that is never quiet waits no longer. */
const longestMs = 1000;
/** Reading one folder again and again takes a fifth of the time at most, unless it takes very long. */
const restPerReading = 4;
const longestRestMs = 10_000;

export class DueFolders {
  readonly #changed = new Map<string, { firstAt: number; lastAt: number }>();
  readonly #settling = new Map<string, number>();
  readonly #restsUntil = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#changed.size === 0 && this.#settling.size === 0;
  }

  /** Something happened in it. */
  changed(folder: string, now: number): void {
    const known = this.#changed.get(folder);
    if (known === undefined) this.#changed.set(folder, { firstAt: now, lastAt: now });
    else known.lastAt = now;
  }

  /** A file in it will have settled then. */
  settles(folder: string, at: number): void {
    this.#settling.set(folder, Math.min(at, this.#settling.get(folder) ?? at));
  }

  /** It is about to be read, and needs no other look for what happened so far. */
  begin(folder: string): void {
    this.#changed.delete(folder);
    this.#settling.delete(folder);
  }

  /** It has been read, which took so long. */
  end(folder: string, now: number, tookMs: number): void {
    const restMs = Math.min(tookMs * restPerReading, longestRestMs);
    if (restMs > quietMs) this.#restsUntil.set(folder, now + restMs);
    else this.#restsUntil.delete(folder);
  }

  forget(folder: string): void {
    this.begin(folder);
    this.#restsUntil.delete(folder);
  }

  /** The folders whose time has come; they stay due until they are read. */
  due(now: number): string[] {
    const folders = new Set([...this.#changed.keys(), ...this.#settling.keys()]);
    return [...folders].filter((folder) => this.#dueAt(folder) <= now);
  }

  #dueAt(folder: string): number {
    const changed = this.#changed.get(folder);
    const changedAt =
      changed === undefined ? Infinity : Math.min(changed.lastAt + quietMs, changed.firstAt + longestMs);
    const at = Math.min(changedAt, this.#settling.get(folder) ?? Infinity);
    return Math.max(at, this.#restsUntil.get(folder) ?? -Infinity);
  }
}
