/** Names that somebody may have meant, for "did you mean". Pure. */
import leven from 'leven';

const mostNames = 4;

/** Those that begin with what was given, then those that few slips make of it; nearest first, at most four. */
export function closestNames(given: string, known: readonly string[]): string[] {
  const lower = given.toLowerCase();
  const slipsAllowed = Math.min(3, Math.ceil(given.length / 3));
  return known
    .map((name) => ({
      name,
      begins: lower !== '' && name.toLowerCase().startsWith(lower),
      slips: leven(lower, name.toLowerCase()),
    }))
    .filter(({ begins, slips }) => begins || slips <= slipsAllowed)
    .toSorted((a, b) => Number(b.begins) - Number(a.begins) || a.slips - b.slips)
    .slice(0, mostNames)
    .map(({ name }) => name);
}
