/** Chance that can be had again: numbers from 0 to 1 that follow from a seed (mulberry32), and the seed of a test, printed. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `TEST_SEED`, or a new one. What processes race for is not in the seed; what we do to them is. */
export function testSeed(): number {
  const seed = Number(process.env['TEST_SEED'] ?? '') || Math.floor(Math.random() * 2 ** 32);
  console.log(`TEST_SEED=${seed}`);
  return seed;
}
