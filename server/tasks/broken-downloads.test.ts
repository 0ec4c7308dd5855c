import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Lease } from '../queue/task-queue.ts';
import { BrokenDownloads } from './broken-downloads.ts';

const run = suite('BrokenDownloads');

const lease = (leaseId: string): Lease => ({ leaseId }) as Lease;
const ids = (leases: Lease[]): string[] => leases.map(({ leaseId }) => leaseId);

run('gives up those that are not heard of for two heartbeats', () => {
  const broken = new BrokenDownloads();
  broken.add(lease('a'), 0);
  broken.add(lease('b'), 0);
  broken.add(lease('c'), 20_000);
  broken.forget('b');
  assert.equal(ids(broken.takeOverdue(39_000)), []);
  assert.equal(ids(broken.takeOverdue(40_000)), ['a']);
  assert.equal(ids(broken.takeOverdue(60_000)), ['c']);
  assert.equal(ids(broken.takeOverdue(1e9)), []);
});

run('gives everybody the whole time again after a jump of the clock', () => {
  const broken = new BrokenDownloads();
  broken.add(lease('a'), 0);
  broken.startAnew(86_400_000);
  assert.equal(ids(broken.takeOverdue(86_430_000)), []);
  assert.equal(ids(broken.takeOverdue(86_440_000)), ['a']);
});

run.run();
