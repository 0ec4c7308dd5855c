/**
 * Where the library truly lies, whatever links lead to it. It is looked up once for all that is asked together, and anew where
 * something seems to lie outside: the root may be a link that was just set to another place.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';

export class LibraryRoot {
  /** An absolute path, perhaps by links. */
  readonly path: string;
  #truePrefix: string | undefined;

  constructor(root: string) {
    this.path = root;
  }

  /** The next question looks it up anew. */
  forget(): void {
    this.#truePrefix = undefined;
  }

  /** @param trueFile without any link on its way. @throws where the library cannot be looked at. */
  holds(trueFile: string): boolean {
    if (this.#truePrefix !== undefined && trueFile.startsWith(this.#truePrefix)) return true;
    const trueRoot = realpathSync.native(this.path);
    this.#truePrefix = trueRoot.endsWith(path.sep) ? trueRoot : trueRoot + path.sep;
    return trueFile.startsWith(this.#truePrefix);
  }
}
