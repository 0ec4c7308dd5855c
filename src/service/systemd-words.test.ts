import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { execLine, plainText, programOf, unitWord, wordsOf } from './systemd-words.ts';

const words = suite('systemd words');

words('leaves plain words alone, quotes others, and has no specifiers', () => {
  assert.is(unitWord('/usr/bin/node'), '/usr/bin/node');
  assert.is(unitWord('/opt/my node/100%/x'), '"/opt/my node/100%%/x"');
  assert.is(unitWord(String.raw`/a"b\c`), String.raw`"/a\"b\\c"`);
  assert.is(unitWord("it's"), `"it's"`);
  assert.is(unitWord(''), '""');
  assert.is(plainText('/my home/100%'), '/my home/100%%');
  assert.is(unitWord('/a:b'), '"/a:b"');
});

words('doubles $ in arguments, where systemd would look for a variable, and not in the program', () => {
  assert.is(execLine(['/opt/$x/node', '/opt/$x/stt.js', 'run']), '/opt/$x/node /opt/$$x/stt.js run');
});

words('reads back what it starts', () => {
  for (const program of ['/usr/bin/node', '/opt/my node/100%/node', '/opt/$x/node']) {
    assert.is(programOf(execLine([program, '/x/stt.js', 'run'])), program);
  }
  assert.is(programOf('-@/usr/bin/env node'), '/usr/bin/env');
  assert.is(programOf(''), '');
});

words('reads back the words of a line, also as people write them', () => {
  const all = ['A=1', 'B=my home/100%', String.raw`C=a"b\c`, "it's", '/a:b'];
  assert.equal(wordsOf(all.map(unitWord).join(' ')), all);
  assert.equal(wordsOf(`A=1  'B=2 "3"' \\\n "C=4"`), ['A=1', 'B=2 "3"', '\\', 'C=4']);
  assert.equal(wordsOf(''), []);
});

words('refuses what no unit can name', () => {
  for (const name of ['/a\nExecStart=/bin/sh', '/a\tb', '/a\u0007']) {
    assert.throws(() => unitWord(name), /does not take every character/u);
    assert.throws(() => execLine([name]), /does not take every character/u);
    assert.throws(() => plainText(name), /does not take every character/u);
  }
  for (const program of ['/a"b/node', "/it's/node", String.raw`/a\b/node`]) {
    assert.throws(() => execLine([program]), /does not take every character/u);
    assert.ok(execLine(['/node', program]));
  }
});

words.run();
