import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Lease, LeaseKey } from '../queue/task-queue.ts';
import { findLease } from './find-lease.ts';

const run = suite('findLease');

const leaseId = '0123456789abcdef0123456789abcdef';

function given(owner: string | undefined) {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const lease = { leaseId, credential: owner, path: 'a.mp3' } as Lease;
  const find = async (key: LeaseKey): Promise<Lease | undefined> => {
    const isOwn = owner === undefined || key.credential === undefined || key.credential === owner;
    return key.leaseId === leaseId && isOwn ? lease : undefined;
  };
  return { lines, lease, tools: { queue: { find }, logger } };
}

run('takes a lease of another credential for an unknown one, and says so without its id', async () => {
  const { lines, tools } = given('north');
  assert.is(await findLease(tools, leaseId, { ip: '::1', credential: 'south' }), undefined);
  assert.is(lines.length, 1);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal([line['level'], line['lease'], line['credential'], line['owner']], [40, '01234567', 'south', 'north']);
  assert.not(lines[0]?.includes(leaseId));
});

run('finds what is its own, and is silent about what nobody knows', async () => {
  const { lines, lease, tools } = given('north');
  assert.is(await findLease(tools, leaseId, { ip: '::1', credential: 'north' }), lease);
  assert.is(await findLease(tools, leaseId, { ip: '::1', credential: undefined }), lease);
  assert.is(await findLease(tools, 'nobody', { ip: '::1', credential: 'north' }), undefined);
  assert.equal(lines, []);
});

run.run();
