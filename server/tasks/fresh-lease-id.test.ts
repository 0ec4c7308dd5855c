import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freshLeaseId } from './fresh-lease-id.ts';

const run = suite('freshLeaseId');

run('gives 128 bits in hex, never the same, nor a part of one before', () => {
  const ids = Array.from({ length: 1000 }, freshLeaseId);
  assert.ok(ids.every((id) => /^[0-9a-f]{32}$/u.test(id)));
  const halves = ids.flatMap((id) => [id.slice(0, 16), id.slice(16)]);
  assert.is(new Set(halves).size, 2000);
});

run.run();
