/** Whether tasks are handed out right now, and if not, why. The rest of the server (heartbeats, results) works regardless. */
import { absenceOf } from '../library/absence.ts';
import type { Library } from '../library/library.ts';
import type { TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Storage } from './storage.ts';

export class Readiness {
  readonly #library: Library;
  readonly #catalogue: TaskCatalogue;
  readonly #storage: Storage;
  #hasScanned = false;
  #isStopping = false;

  constructor(library: Library, catalogue: TaskCatalogue, storage: Storage) {
    this.#library = library;
    this.#catalogue = catalogue;
    this.#storage = storage;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** From now on "no task" means that there is none. */
  scanned(): void {
    this.#hasScanned = true;
  }

  stopping(): void {
    this.#isStopping = true;
  }

  /** @returns why no tasks are handed out, or undefined where they are. A recording that opens proves as much by itself. */
  async objection(): Promise<string | undefined> {
    if (this.#isStopping) return 'the server is stopping';
    if (!this.#hasScanned) return 'the first scan of the library is running';
    return (await this.#storage.objection()) ?? absenceOf(this.#library, this.#catalogue);
  }
}
