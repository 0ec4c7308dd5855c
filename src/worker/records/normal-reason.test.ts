import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { normalReason } from './normal-reason.ts';

const run = suite('normalReason');

const cases: [reason: string, normal: string][] = [
  [
    'the transcript ends at 12.5 s, but the engine heard speech until 1,024.75 s',
    'the transcript ends at N s, but the engine heard speech until N s',
  ],
  ['lease 0f3a9c01b2d4e6f8a1b2c3d4e5f60718 was lost', 'lease N was lost'],
  ['task 123e4567-e89b-12d3-a456-426614174000 is gone', 'task N is gone'],
  ['Segmentation fault at 0x7fa3bc', 'Segmentation fault at N'],
  ['/tmp/work/8123-xQz/audio.wav: no such file', '…/audio.wav: no such file'],
  ["ENOSPC, write '/data/w/a'", "ENOSPC, write '…/a'"],
  ['http://server:8000/task/a answered 500', 'http://server:N/task/a answered N'],
  ['a defaced facade was added', 'a defaced facade was added'],
  ['two\n lines', 'two lines'],
  ['', ''],
];
for (const [reason, normal] of cases) run(JSON.stringify(reason), () => assert.is(normalReason(reason), normal));

run('takes no time over hostile text', () => {
  for (const piece of ['/a', '1', 'a', 'a1', '1.', '-', '0x', '/']) {
    const startedAt = performance.now();
    normalReason(piece.repeat(20_000));
    assert.ok(performance.now() - startedAt < 1000, piece);
  }
});

run.run();
