import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countWordErrors, wordErrorRate, wordsOf } from './word-errors.ts';

const rate = suite('word errors');

rate('counts nothing where the words are the same, whatever the case and the punctuation', () => {
  assert.equal(countWordErrors('fünf zwei, zéro', 'Fünf  zwei Zéro.'), { errors: 0, words: 3 });
});

rate('counts a wrong, a missing and an extra word as one each', () => {
  assert.is(countWordErrors('one two three', 'one too three').errors, 1);
  assert.is(countWordErrors('one two three', 'one three').errors, 1);
  assert.is(countWordErrors('one two three', 'one two two three').errors, 1);
});

rate('counts every spoken word where nothing was heard, and every heard word where nothing was spoken', () => {
  assert.equal(countWordErrors('one two', ''), { errors: 2, words: 2 });
  assert.equal(countWordErrors('', 'one two'), { errors: 2, words: 0 });
});

rate('finds the shortest way, not the first', () => {
  assert.is(countWordErrors('a b c d e', 'b c d e f').errors, 2);
});

rate('weighs long recordings more than short ones', () => {
  assert.is(
    wordErrorRate([
      { errors: 1, words: 1 },
      { errors: 0, words: 99 },
    ]),
    0.01,
  );
  assert.is(wordErrorRate([]), 0);
});

rate('reads letters of every script as words', () => {
  assert.equal(wordsOf("l'été, 42 être"), ["l'été", '42', 'être']);
});

rate.run();
