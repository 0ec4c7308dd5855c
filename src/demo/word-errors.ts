/** Word error rate: how far a transcript is from what was truly spoken. Pure. */

export type WordErrors = {
  /** Insertions, deletions and substitutions together. */
  errors: number;
  /** Words truly spoken. */
  words: number;
};

/** Words in lower case, without punctuation. */
export function wordsOf(text: string): string[] {
  return text
    .normalize('NFC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}']+/u)
    .filter((word) => word !== '');
}

/** The fewest word edits that turn `heard` into `spoken` (Levenshtein). */
export function countWordErrors(spoken: string, heard: string): WordErrors {
  const truth = wordsOf(spoken);
  const got = wordsOf(heard);
  let row = got.map((_, index) => index + 1);
  truth.forEach((word, line) => {
    let diagonal = line;
    let left = line + 1;
    row = row.map((above, index) => {
      const cost = Math.min(above + 1, left + 1, diagonal + (word === got[index] ? 0 : 1));
      diagonal = above;
      left = cost;
      return cost;
    });
  });
  return { errors: row.at(-1) ?? truth.length, words: truth.length };
}

/** 0 is perfect; over 1 is possible where more was heard than said. */
export function wordErrorRate(all: readonly WordErrors[]): number {
  const sum = (pick: (one: WordErrors) => number): number => all.reduce((total, one) => total + pick(one), 0);
  return (
    sum((one) => one.errors) /
    Math.max(
      1,
      sum((one) => one.words),
    )
  );
}
