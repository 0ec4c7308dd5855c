/**
 * Slows down whoever tries out tokens: so many different wrong ones from an address, and it waits. The same wrong token again is no
 * guess, since a worker with an old token must not lock out its neighbours behind the same address; and a token that was right from
 * this address before stays good there, while a right one that is new to it waits like all others (or guessing would still work).
 * Memory is bounded: addresses share a fixed number of places, by a hash that nobody outside can compute.
 */
import { hash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory } from 'rate-limiter-flexible';

export type GuessLimits = { guesses: number; windowSeconds: number; places: number; welcomes: number };

export const guessLimits: GuessLimits = {
  guesses: 10,
  windowSeconds: 60,
  /** Of addresses: one that is blocked blocks one in so many others by accident, and those only with tokens that are new there. */
  places: 16_384,
  /** Pairs of address and token that are remembered as right; the oldest are forgotten. */
  welcomes: 10_000,
};

export class GuessLimiter {
  readonly #limits: GuessLimits;
  readonly #guesses: RateLimiterMemory;
  readonly #salt = randomBytes(16).toString('hex');
  /** The wrong tokens of a place in its window, by digest. */
  readonly #wrong = new Map<number, Set<string>>();
  readonly #welcome = new Set<string>();

  constructor(limits: GuessLimits = guessLimits) {
    this.#limits = limits;
    this.#guesses = new RateLimiterMemory({ points: limits.guesses, duration: limits.windowSeconds });
  }

  /** @returns for how long nothing from here is looked at; 0 where it is. */
  async blockedMs(ip: string, tokenSha256: string): Promise<number> {
    if (this.#welcome.has(`${ip} ${tokenSha256}`)) return 0;
    const known = await this.#guesses.get(this.#placeOf(ip));
    return known !== null && known.consumedPoints >= this.#limits.guesses ? Math.max(known.msBeforeNext, 1) : 0;
  }

  right(ip: string, tokenSha256: string): void {
    const key = `${ip} ${tokenSha256}`;
    if (this.#welcome.has(key)) return;
    this.#welcome.add(key);
    if (this.#welcome.size <= this.#limits.welcomes) return;
    for (const oldest of this.#welcome) {
      this.#welcome.delete(oldest);
      break;
    }
  }

  async wrong(ip: string, tokenSha256: string): Promise<void> {
    // It was right before and is revoked now.
    this.#welcome.delete(`${ip} ${tokenSha256}`);
    const place = this.#placeOf(ip);
    const isNewWindow = (await this.#guesses.get(place)) === null;
    if (isNewWindow) this.#wrong.delete(place);
    const seen = this.#wrong.get(place) ?? new Set();
    if (seen.has(tokenSha256)) return;
    this.#wrong.set(place, seen.add(tokenSha256));
    await this.#guesses.penalty(place);
  }

  #placeOf(ip: string): number {
    const digest = hash('sha256', this.#salt + networkOf(ip), 'buffer');
    return digest.readUInt32BE(0) % this.#limits.places;
  }
}

/** Whoever has an IPv6 address has a /64 of them. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('%', 1).join('').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/u, ''))
    .join(':')}::/64`;
}
