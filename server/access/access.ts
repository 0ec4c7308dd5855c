/**
 * Decides who gets in: by token, by role, and not too often wrongly. It asks the store at every request, so that a token that is
 * revoked is refused at the next one. What it refuses, it says in the log, without the token.
 */
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { Credentials, Role } from '../queue/credentials.ts';
import { GuessLimiter, type GuessLimits } from './guess-limiter.ts';
import { isSameDigest, presentedToken, tokenSha256 } from './token.ts';

export type AccessOptions = {
  credentials: Pick<Credentials, 'credentialOf' | 'hasCredentials'>;
  /** STT_AUTH; undefined: as soon as a token was made. */
  isRequired: boolean | undefined;
  metrics: { authenticationFailed: () => void };
  clock: Clock;
  logger: Logger;
  guessLimits?: GuessLimits;
};

export type Visitor = { ip: string; authorization: string | undefined };

export type Admission =
  /** `credential` is the name of the token's owner; undefined where nobody needs a token. */
  | { kind: 'admitted'; credential: string | undefined }
  | { kind: 'refused'; code: 'unauthorized'; detail: string }
  | { kind: 'refused'; code: 'forbidden'; detail: string }
  | { kind: 'refused'; code: 'too_many_attempts'; detail: string; retryAfterSeconds: number };

/** How soon the first token takes effect on a server that was open until then. */
const lookAgainMs = 2000;

const everybody: Admission = { kind: 'admitted', credential: undefined };

/** Which roles a token may have for what a route wants. */
const goodFor: Record<Role, readonly Role[]> = { worker: ['worker'], admin: ['admin'], metrics: ['metrics', 'admin'] };

export class Access {
  readonly #options: AccessOptions;
  readonly #guesses: GuessLimiter;
  #isRequired: boolean;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.#isRequired = options.isRequired ?? false;
    this.#guesses = new GuessLimiter(options.guessLimits);
  }

  /** Whether a token is needed now. Once it is, it stays so. */
  async isRequired(): Promise<boolean> {
    const { credentials, clock, logger } = this.#options;
    if (this.#isRequired || this.#options.isRequired !== undefined) return this.#isRequired;
    const now = clock.now();
    if (Math.abs(now - this.#lookedAt) < lookAgainMs) return false;
    const isFirstLook = this.#lookedAt === Number.NEGATIVE_INFINITY;
    this.#isRequired = await credentials.hasCredentials();
    // Not before the store has answered: requests that come meanwhile must wait for it too.
    this.#lookedAt = now;
    if (this.#isRequired && !isFirstLook) logger.info('a token was made: from now on nobody gets in without');
    return this.#isRequired;
  }

  async admit(visitor: Visitor, role: Role): Promise<Admission> {
    if (!(await this.isRequired())) return everybody;
    const token = presentedToken(visitor.authorization);
    if (token === undefined) {
      return this.#refuse(visitor, {
        kind: 'refused',
        code: 'unauthorized',
        detail: 'This server wants a token, as `Authorization: Bearer TOKEN` or as the password of HTTP Basic.',
      });
    }
    const digest = tokenSha256(token);
    const blockedMs = await this.#guesses.blockedMs(visitor.ip, digest);
    if (blockedMs > 0) {
      const retryAfterSeconds = Math.ceil(blockedMs / 1000);
      return this.#refuse(visitor, {
        kind: 'refused',
        code: 'too_many_attempts',
        detail: `Too many wrong tokens came from this address; come again in ${retryAfterSeconds} s.`,
        retryAfterSeconds,
      });
    }
    const found = await this.#options.credentials.credentialOf(digest);
    if (found === undefined || !isSameDigest(found.tokenSha256, digest)) {
      await this.#guesses.wrong(visitor.ip, digest);
      const detail = 'This token is wrong or was revoked.';
      return this.#refuse(visitor, { kind: 'refused', code: 'unauthorized', detail });
    }
    this.#guesses.right(visitor.ip, digest);
    if (goodFor[role].includes(found.role)) return { kind: 'admitted', credential: found.name };
    const detail = `This call is for ${goodFor[role].join(' or ')}; the token is of the role ${found.role}.`;
    return this.#refuse(visitor, { kind: 'refused', code: 'forbidden', detail }, found.name);
  }

  #refuse<T extends Exclude<Admission, { kind: 'admitted' }>>({ ip }: Visitor, refusal: T, credential?: string): T {
    this.#options.metrics.authenticationFailed();
    this.#options.logger.warn({ ip, code: refusal.code, credential, reason: refusal.detail }, 'access refused');
    return refusal;
  }
}
