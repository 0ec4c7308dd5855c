import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeFile, readSeal, sealText } from './sealed-text.ts';

const sealed = suite('sealed text');

const maker = { program: 'stt', version: '1.2.3' };
const text = sealText('[Unit]\nA=1\n', maker, 'Leave it.');

sealed('says who made it, and that nobody changed it since', () => {
  assert.match(
    text,
    /^# Made by stt install-service, stt 1\.2\.3; sha256:[0-9a-f]{64} of what follows\. Leave it\.\n\[Unit\]\nA=1\n$/u,
  );
  assert.equal(readSeal(text), { ...maker, isWhole: true, body: '[Unit]\nA=1\n' });
});

sealed('stands behind the first line of a file of XML', () => {
  const xml = '<?xml version="1.0" encoding="UTF-8"?>\n';
  const plist = sealText(`${xml}<plist/>\n`, maker, 'Leave it.');
  assert.ok(plist.startsWith(`${xml}<!-- Made by stt `), plist);
  assert.is(readSeal(plist)?.isWhole, true);
  assert.is(readSeal(plist.replace('<plist/>', '<plist />'))?.isWhole, false);
});

sealed('tells what was changed from what is older, and from what is not ours', () => {
  const wanted = sealText('[Unit]\nA=2\n', { ...maker, version: '1.3.0' }, 'Leave it.');
  const kindOf = (present: string | undefined): string => judgeFile(present, wanted).kind;
  assert.is(kindOf(undefined), 'absent');
  assert.is(kindOf(wanted), 'same');
  assert.is(kindOf(text), 'older');
  assert.is(kindOf(text.replace('A=1', 'A=9')), 'edited');
  assert.is(kindOf(`${text}# more\n`), 'edited');
  assert.is(kindOf('[Unit]\nA=1\n'), 'foreign');
  assert.is(kindOf(''), 'foreign');
  assert.is(judgeFile(text, undefined).kind, 'older');
});

sealed.run();
