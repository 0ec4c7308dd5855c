import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { isStoreTrouble } from './store-trouble.ts';
import { type Settled, Transactions } from './transactions.ts';

const run = suite('Transactions');

async function open() {
  const folder = await temporaryFolder();
  const file = folder.join('x.sqlite');
  const db = new DatabaseSync(file, { timeout: 50, enableForeignKeyConstraints: true });
  db.exec('PRAGMA journal_mode = wal; CREATE TABLE numbers (number INTEGER PRIMARY KEY, bytes ANY) STRICT');
  const other = new DatabaseSync(file, { timeout: 0 });
  const transactions = new Transactions(db);
  const insert =
    (...numbers: number[]) =>
    (): number =>
      transactions.write(() => {
        for (const number of numbers) db.prepare('INSERT INTO numbers (number) VALUES (?)').run(number);
        return numbers.length;
      });
  const numbersOf = (connection: DatabaseSync) => (): number[] =>
    connection
      .prepare('SELECT number FROM numbers ORDER BY number')
      .all()
      .map(({ number }) => Number(number));
  return {
    db,
    other,
    transactions,
    insert,
    numbers: numbersOf(db),
    seenByOthers: numbersOf(other),
    async [Symbol.asyncDispose]() {
      db.close();
      other.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const kinds = (settled: readonly Settled<unknown>[]): string => settled.map(({ kind }) => kind).join(' ');

run('commits a group once, and shows nothing of it before', async () => {
  await using at = await open();
  const seen: number[][] = [];
  const settled = at.transactions.group<unknown>([
    at.insert(1),
    at.insert(2),
    () => seen.push(at.seenByOthers()),
    at.numbers,
  ]);
  assert.equal(seen, [[]]);
  assert.equal(settled.at(-1), { kind: 'value', value: [1, 2] });
  assert.equal(at.seenByOthers(), [1, 2]);
  assert.equal(at.transactions.counts, { groups: 1, commits: 1 });
});

run('takes back the whole of a work that fails, and nothing of the others', async () => {
  await using at = await open();
  const settled = at.transactions.group<unknown>([at.insert(1), at.insert(2, 3, 1), at.insert(4)]);
  assert.is(kinds(settled), 'value error value');
  assert.equal(at.seenByOthers(), [1, 4]);
});

run('begins no transaction for a group that only reads', async () => {
  await using at = await open();
  at.other.exec('BEGIN IMMEDIATE');
  assert.is(kinds(at.transactions.group<unknown>([at.numbers, at.numbers])), 'value value');
  assert.equal(at.transactions.counts, { groups: 1, commits: 0 });
});

run('waits for a lock once for a whole group, and answers those who only read', async () => {
  await using at = await open();
  at.other.exec('BEGIN IMMEDIATE');
  const beganAt = performance.now();
  const inserts = Array.from({ length: 50 }, (_, number) => at.insert(number));
  const settled = at.transactions.group<unknown>([at.numbers, ...inserts, at.numbers]);
  assert.ok(performance.now() - beganAt < 1000, 'one wait of 50 ms');
  assert.equal(
    settled.map(({ kind }) => kind),
    ['value', ...inserts.map(() => 'error'), 'value'],
  );
  assert.ok(settled[1]?.kind === 'error' && isStoreTrouble(settled[1].error));
  at.other.exec('ROLLBACK');
  assert.is(kinds(at.transactions.group([at.insert(1)])), 'value');
});

run('fails all of a group whose transaction is lost to a full disk, and goes on with the next', async () => {
  await using at = await open();
  at.transactions.group([at.insert(1)]);
  at.db.exec('PRAGMA max_page_count = 20');
  const fill = (): unknown =>
    at.transactions.write(() => at.db.prepare('INSERT INTO numbers VALUES (9, zeroblob(1000000))').run());
  const settled = at.transactions.group<unknown>([at.insert(2), fill, at.insert(3), at.numbers]);
  assert.is(kinds(settled), 'error error error error');
  for (const each of settled) assert.ok(each.kind === 'error' && isStoreTrouble(each.error));
  assert.equal(at.seenByOthers(), [1]);
  assert.is(kinds(at.transactions.group([at.insert(4)])), 'value');
  assert.equal(at.seenByOthers(), [1, 4]);
});

run('fails all of a group that cannot be committed', async () => {
  await using at = await open();
  at.db.exec('CREATE TABLE parts (number INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED) STRICT');
  const dangling = (): unknown => at.transactions.write(() => at.db.exec('INSERT INTO parts VALUES (77)'));
  const settled = at.transactions.group<unknown>([at.insert(1), at.numbers, dangling]);
  assert.is(kinds(settled), 'error error error');
  assert.equal(at.seenByOthers(), []);
  assert.is(kinds(at.transactions.group([at.insert(2)])), 'value');
  assert.equal(at.seenByOthers(), [2]);
});

run('commits a work by itself where there is no group, and takes it back where it fails', async () => {
  await using at = await open();
  at.insert(1)();
  assert.throws(at.insert(2, 1), /UNIQUE/u);
  assert.equal(at.seenByOthers(), [1]);
  at.insert(3)();
  assert.equal(at.seenByOthers(), [1, 3]);
});

run.run();
