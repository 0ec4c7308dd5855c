import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseStrictJson } from './strict-json.ts';

const run = suite('strict JSON');

run('reads what JSON.parse reads', () => {
  for (const text of ['{"id":"x","list":[1,{"id":2},{"id":3}]}', '[]', '"a:b"', 'null', '{"a":"\\"a\\":1","b":"{"}']) {
    assert.equal(parseStrictJson(Buffer.from(text)), { kind: 'json', value: JSON.parse(text) }, text);
  }
});

run('refuses what may be read in two ways', () => {
  const wrong = [
    '',
    '{',
    '{"a":1,"a":2}',
    '{"id":1,"\\u0069d":2}',
    '{"x":{"a":1, "a" :2}}',
    '{"__proto__":{"a":1}}',
    '{"\\u005f_proto__":1}',
    '{"constructor":{"prototype":{}}}',
    '['.repeat(100) + ']'.repeat(100),
    '['.repeat(60_000),
    '"'.repeat(60_001),
  ];
  for (const text of wrong) assert.is(parseStrictJson(Buffer.from(text)).kind, 'wrong', text.slice(0, 40));
  assert.is(parseStrictJson(Buffer.from([0x22, 0xff, 0x22])).kind, 'wrong');
});

run.run();
