import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fitScreen } from './fit-screen.ts';

const run = suite('a picture on a terminal');

/** As it is seen; each line ends by clearing what was there before. */
const seen = (picture: string): string[] => {
  assert.ok(picture.startsWith('\u001B[H') && picture.endsWith('\u001B[J'));
  const lines = picture.slice(3, -3).split('\n');
  assert.is(lines.pop(), '');
  return lines.map((line) => {
    assert.ok(line.endsWith('\u001B[K'), line);
    return line.slice(0, -3);
  });
};

run('begins at the top and clears what is left of the one before', () => {
  assert.equal(seen(fitScreen(['a', 'b'], { columns: 80, rows: 24 })), ['a', 'b']);
  assert.equal(seen(fitScreen([], { columns: 80, rows: 24 })), []);
});

run('never makes the terminal scroll', () => {
  const lines = Array.from({ length: 10 }, (_, index) => `line ${index}`);
  for (let rows = 2; rows < 15; rows += 1) assert.ok(seen(fitScreen(lines, { columns: 80, rows })).length < rows);
  assert.equal(seen(fitScreen(lines, { columns: 80, rows: 4 })), ['line 0', 'line 1', '(8 more lines)']);
});

run('cuts long lines by what is seen of them, not in the middle of a style', () => {
  assert.equal(seen(fitScreen(['\u001B[1mabc\u001B[22m', 'abcdef'], { columns: 3, rows: 24 })), [
    '\u001B[1mabc\u001B[22m',
    'abc',
  ]);
  assert.equal(seen(fitScreen(['\u001B[1mabcdef\u001B[22m'], { columns: 4, rows: 24 })), ['abcd']);
});

run.run();
