/**
 * For how long the server wants to be left alone: what it said by Retry-After, to whoever was the last to ask. A tenth more by
 * chance, so that a fleet does not come back in one moment. A clock that is set back ends it: it must not last for days.
 */
import type { Clock } from '../../clock.ts';
import type { Answer } from '../wire/server-answer.ts';

export type QuietTime = {
  heed: (answer: Answer) => void;
  /** 0 when the server may be called. */
  leftMs: () => number;
  /** For people: who waits for what. */
  reason: () => string;
};

export function createQuietTime(clock: Clock, chance: () => number): QuietTime {
  let from = 0;
  let until = 0;
  let said = '';
  const leftMs = (): number => {
    const now = clock.now();
    return now < from ? 0 : Math.max(0, until - now);
  };
  return {
    heed(answer) {
      if (answer.kind !== 'later' || answer.retryAfterMs === undefined) return;
      const askedMs = answer.retryAfterMs + Math.floor((answer.retryAfterMs / 10) * chance());
      if (askedMs <= leftMs()) return;
      from = clock.now();
      until = from + askedMs;
      said = answer.reason;
    },
    leftMs,
    reason: () => `${said}; it is left alone for ${Math.ceil(leftMs() / 1000)} s, as it asked`,
  };
}
