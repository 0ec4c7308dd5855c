import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDuration } from './parse-duration.ts';

const run = suite('length of a pause');

const good: [string, number][] = [
  ['90', 90],
  ['90s', 90],
  ['30m', 1800],
  ['2h', 7200],
  ['1d', 86_400],
  ['1h30m', 5400],
  ['1d2h3m4s', 93_784],
  [' 2H ', 7200],
  ['30d', 2_592_000],
];
for (const [written, seconds] of good) {
  run(`reads ${written}`, () => assert.is(parseDuration(written), seconds * 1000));
}

for (const written of [
  '',
  'soon',
  '-5m',
  '1.5h',
  '5 m',
  '2w',
  'h',
  '30m1h',
  '1h1h',
  '1h30',
  '9'.repeat(40),
  '2h\n3m',
  '０s',
]) {
  run(`refuses ${JSON.stringify(written)}`, () => assert.throws(() => parseDuration(written), /no length of time/u));
}

run('refuses no time at all, and more than a month', () => {
  assert.throws(() => parseDuration('0'), /of no length/u);
  assert.throws(() => parseDuration('0h0m'), /of no length/u);
  assert.throws(() => parseDuration('30d1s'), /30 days/u);
  assert.throws(() => parseDuration('999999999d'), /30 days/u);
});

run.run();
