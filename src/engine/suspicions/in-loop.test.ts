import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cue } from '../../protocol/web-vtt.ts';
import { isInLoop } from './in-loop.ts';

const run = suite('isInLoop');

const cuesOf = (lines: readonly string[]): Cue[] =>
  lines.map((text, at) => ({ startSeconds: at * 3, endSeconds: at * 3 + 2, text }));
const isLoop = (...lines: string[]): boolean => isInLoop(cuesOf(lines));
const times = (count: number, ...lines: string[]): string[] => Array.from({ length: count }, () => lines).flat();
/** No two alike. */
const talk = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `And this is sentence number ${at}.`);

run('finds a line that comes again and again', () => {
  assert.ok(isLoop(...talk(50), ...times(8, 'I am going to go.')));
  assert.ok(isLoop(...times(200, 'Okay.')));
  assert.ok(isLoop(...times(8, 'I do not know', ' I do not know!', '♪ I DO NOT KNOW ♪')));
  assert.ok(isLoop(...times(30, 'ご視聴ありがとうございました')));
});

run('finds a few lines that come round and round', () => {
  assert.ok(isLoop(...talk(10), ...times(8, 'What is it?', 'It is nothing.'), ...talk(10)));
  assert.ok(isLoop(...times(9, 'One of them.', 'Two of them.', 'Three of them.', 'Four of them.')));
});

run('finds a line that is most of all there is', () => {
  assert.ok(isLoop(...talk(20).flatMap((line, at) => [line, ...times((at % 2) + 1, 'Thanks for watching!')])));
});

run('finds a phrase that comes over and over in one cue', () => {
  assert.ok(isLoop(`And then ${'you know, '.repeat(30)}`));
  assert.ok(isLoop('哈'.repeat(100)));
  assert.ok(isLoop('the end of the day and '.repeat(10)));
  assert.not(isLoop('the end of the day and '.repeat(4)));
});

run('lets people repeat themselves', () => {
  const chorus = times(2, 'We all live in a yellow submarine', 'Yellow submarine, yellow submarine');
  assert.not(isLoop(...times(4, ...talk(6), ...chorus)));
  assert.not(isLoop(...times(6, 'Let it be, let it be'), ...talk(3), ...times(6, 'Let it be, let it be'), ...talk(12)));
  assert.not(isLoop(...times(60, 'Thank you.').flatMap((line, at) => [line, ...talk(60).slice(at, at + 1)])));
  assert.not(isLoop(...times(12, 'Yes.')));
  assert.not(isLoop('Ha ha ha ha ha ha ha ha ha ha ha ha!'));
  assert.not(isLoop('No, no, no, no, no, no, no, no, no!'));
  assert.not(isLoop('five six one eight', 'zero', 'zero', 'one', 'five six one eight'));
  assert.not(isLoop());
});

run('never finds one where no line comes twice, and always one where a line comes thirty times on end', () => {
  const words = fc.array(fc.constantFrom('a', 'dog', 'sees', 'the', 'red', 'house', 'today'), {
    minLength: 3,
    maxLength: 9,
  });
  const lines = fc.array(words, { minLength: 0, maxLength: 60 }).map((all) => all.map((one) => one.join(' ')));
  fc.assert(
    fc.property(lines, (said) => {
      const once = said.map((line, at) => `${line} ${at}`);
      assert.not(isLoop(...once));
    }),
  );
  fc.assert(
    fc.property(lines, fc.nat(60), words, (said, where, again) => {
      const before = said.slice(0, where);
      assert.ok(isLoop(...before, ...times(30, again.join(' ')), ...said.slice(where)));
    }),
  );
});

run('is done soon with the longest transcript', () => {
  const startedAt = performance.now();
  isLoop(
    ...Array.from({ length: 20_000 }, (_, at) => `${'ab'.repeat(20)} ${at} ${'cd'.repeat(20)}`),
    'x y'.repeat(1600),
  );
  assert.ok(performance.now() - startedAt < 3000);
});

run.run();
