/** A string that does not show itself in logs, errors or JSON. `reveal()` is the only way in. */
import { inspect } from 'node:util';

const hidden = '[hidden]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}
