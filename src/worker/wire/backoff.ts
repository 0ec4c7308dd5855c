/** How long to wait before the next try: doubling from a second to a minute, with jitter so that a fleet does not knock in step. Pure. */

const firstMs = 1000;
const longestMs = 60_000;

/**
 * @param failures tries that failed in a row, 1 or more.
 * @param chance 0 to 1, for the jitter.
 */
export function backoffMs(failures: number, chance: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return full / 2 + (full / 2) * chance;
}
