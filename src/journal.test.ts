import { openSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { isJournal, journalLine, journalText, priorities } from './journal.ts';

const journal = suite('lines for the journal');

const line = (fields: object): string => journalLine(JSON.stringify(fields));

journal('say the priority, what happened, and then the fields; not the time', () => {
  const common = { time: 1, pid: 2, hostname: 'h' };
  assert.is(
    line({ level: 30, ...common, url: 'http://127.0.0.1:8000', library: '/srv/my talks', msg: 'listening' }),
    '<6>listening url=http://127.0.0.1:8000 library="/srv/my talks"',
  );
  assert.is(
    line({ level: 30, slots: [1, 2], vad: true, model: null, msg: 'a' }),
    '<6>a slots=[1,2] vad=true model=null',
  );
  assert.is(line({ level: 30, name: '', other: 'a=b', msg: 'a' }), '<6>a name="" other="a=b"');
  assert.equal(
    [10, 20, 30, 40, 50, 60, undefined].map((level) => line({ level, msg: 'x' })),
    ['<7>x', '<7>x', '<6>x', '<4>x', '<3>x', '<3>x', '<7>x'],
  );
});

journal('show an error with where it came from, in the same line', () => {
  const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at a (b.ts:1)' };
  const shown = line({ level: 60, err, msg: 'ended' });
  assert.is(shown, String.raw`<3>ended error="Error: no\n at a (b.ts:1)"`);
  assert.is(line({ level: 50, err: 'plain', msg: 'x' }), '<3>x error=plain');
});

journal('stay one line with one priority, whatever anybody sent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.string(), (msg, value, name) => {
      const shown = line({ level: 40, [name]: value, msg: `a\n<0>${msg}` });
      assert.match(shown, /^<4>/u);
      assert.not.match(shown, /[\p{Cc}\u2028\u2029\u202E]/u);
    }),
  );
  const long = line({ level: 30, msg: 'x'.repeat(100_000) });
  assert.ok(Buffer.byteLength(long) < 48 * 1024);
  assert.match(journalLine('no json\n<0>x'), /^<6>no json <0>x$/u);
});

journal('of a text that has several lines have the priority each', () => {
  assert.is(journalText('a\n  b\r\n\nc\u2028<0>d\n', priorities.error), '<3>a\n<3>  b\n<3>c\n<3><0>d');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const each of journalText(`x${text}`, priorities.warning).split('\n')) assert.match(each, /^<4>/u);
    }),
  );
});

journal('are for the journal alone: JOURNAL_STREAM names the very file', async () => {
  await using folder = await temporaryFolder();
  await using file = await open(folder.join('a'), 'w');
  const { dev, ino } = await stat(folder.join('a'), { bigint: true });
  const other = openSync(folder.join('b'), 'w');
  assert.is(isJournal(file.fd, `${dev}:${ino}`), true);
  assert.is(isJournal(other, `${dev}:${ino}`), false);
  for (const wrong of [undefined, '', 'x', '1:2', `${dev}:${ino}:`]) assert.is(isJournal(file.fd, wrong), false);
  assert.is(isJournal(100_000, `${dev}:${ino}`), false);
});

journal.run();
