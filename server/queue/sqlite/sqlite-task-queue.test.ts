/** What is particular to this store: its schema guards itself, and old databases are brought up to date. */
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { endsIn, startsFrom } from '../task-state.ts';
import { taskOrders } from '../task-store.ts';
import { added, termMs, worker } from '../testing/conforming-store.ts';
import { applicationId } from './database-file.ts';
import { prepareLeaseStatements } from './lease-statements.ts';
import { migrate } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { sqliteTaskStore } from './sqlite-task-store.ts';

const run = suite('tasks and leases in SQLite itself');

const policy = { maxAttempts: 5, order: 'oldest', jitter: () => 1 } as const;

run('lets only one lease of a task live, whatever the code does', async () => {
  await using folder = await temporaryFolder();
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  const { verbs } = sqliteTaskStore(db, policy);
  verbs.apply([added('a.mp3')], 0);
  verbs.claim({ leaseId: 'one', worker, termMs }, 0);
  db.exec(`UPDATE tasks SET state = 'pending'`);
  assert.throws(() => verbs.claim({ leaseId: 'two', worker, termMs }, 0), /UNIQUE constraint failed/u);
  assert.is(verbs.tasksIn('', '', 1)[0]?.state, 'pending');
  db.close();
});

run('refuses every move that the table of transitions does not have', async () => {
  await using folder = await temporaryFolder();
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  sqliteTaskStore(db, policy).verbs.apply([added('a.mp3')], 0);
  const states = ['pending', 'leased', 'waiting', 'done', 'no_speech', 'dead'] as const;
  const legal = new Set(
    Object.entries(endsIn).flatMap(([transition, ends]) =>
      startsFrom[transition as keyof typeof endsIn].flatMap((from) => ends.map((to) => `${from}>${to}`)),
    ),
  );
  for (const from of states) {
    for (const to of states) {
      db.exec('BEGIN; DELETE FROM tasks');
      db.prepare(
        `
        INSERT INTO tasks (folder, name, language, fingerprint, state, created_at, changed_at)
        VALUES ('', 'b.mp3', 'en', 'f', ?, 0, 0)`,
      ).run(from);
      const move = (): unknown => db.prepare('UPDATE tasks SET state = ?').run(to);
      if (from === to || legal.has(`${from}>${to}`)) move();
      else assert.throws(move, /cannot go/u, `${from}>${to}`);
      db.exec('ROLLBACK');
    }
  }
  db.close();
});

run('does not look for a lock where there is nothing to be had', async () => {
  await using folder = await temporaryFolder();
  const { db, file } = openDatabase(folder.join('tasks.sqlite'));
  const { verbs } = sqliteTaskStore(db, policy);
  const rival = new DatabaseSync(file);
  rival.exec('BEGIN IMMEDIATE');
  assert.is(verbs.claim({ leaseId: 'one', worker, termMs }, 0), undefined);
  assert.equal(verbs.sweep(0, false).refreshed, 0);
  rival.close();
  db.close();
});

run('finds the next of a hundred thousand tasks at once, also where nearly all are withheld', async () => {
  await using folder = await temporaryFolder();
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  const names = Array.from({ length: 100_000 }, (_, index) => `${index}.mp3`);
  sqliteTaskStore(db, policy).verbs.apply(
    names.map((name) => added(name)),
    0,
  );
  db.exec('UPDATE tasks SET is_offered = 0 WHERE task_id NOT BETWEEN 50000 AND 50100');
  const walks = db.prepare(`SELECT count(*) AS pages FROM tasks WHERE state = 'pending' AND is_offered = 0`);
  const beganAt = performance.now();
  walks.get();
  const walkMs = performance.now() - beganAt;
  for (const order of taskOrders) {
    const { verbs } = sqliteTaskStore(db, { ...policy, order });
    const claimsBeganAt = performance.now();
    for (let grant = 0; grant < 20; grant += 1) {
      assert.ok(verbs.claim({ leaseId: `${order} ${grant}`, worker, termMs }, 0));
    }
    // Twenty walks over all tasks would take twenty times as long as one.
    assert.ok(performance.now() - claimsBeganAt < 10 * walkMs + 200, order);
  }
  db.close();
});

run('brings an old database up to date with all that it has', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  const old = new DatabaseSync(file);
  old.exec(`PRAGMA application_id = ${applicationId}`);
  migrate(old, 0, 2);
  const states = ['pending', 'leased', 'waiting', 'done', 'no_speech', 'dead', 'pending'];
  for (const [index, state] of states.entries()) {
    old.exec(`
      INSERT INTO tasks (folder, name, language, fingerprint, state, attempts, epoch, created_at, changed_at)
      VALUES ('', '${index}.mp3', 'en', '${100 - index}:12345', '${state}', 1, 2, 7, 7)`);
  }
  old.exec(`
    UPDATE tasks SET fingerprint = 'strange' WHERE name = '5.mp3';
    INSERT INTO leases (lease_id, task_id, epoch, worker_ip, protocol, fingerprint, term_ms, granted_at, expires_at)
    VALUES ('live', 2, 2, '::1', 2, '99:12345', 1000, 7, 1007)`);
  old.close();

  const { db } = openDatabase(file);
  const { verbs } = sqliteTaskStore(db, { ...policy, order: 'shortest' });
  assert.equal(verbs.figures(), {
    tasks: { pending: 2, leased: 1, waiting: 1, done: 1, no_speech: 1, dead: 1 },
    liveLeases: 1,
    oldestPendingAt: 7,
  });
  assert.is(verbs.countOpen(), 4);
  const sizes = verbs.list({}, { after: 0, limit: 9 }).map(({ sizeBytes }) => sizeBytes);
  assert.equal(sizes, [100, 99, 98, 97, 96, 0, 94]);
  assert.equal(verbs.claim({ leaseId: 'new', worker, termMs }, 7)?.path, '6.mp3');
  const live = { leaseId: 'live', credential: 'anybody' };
  assert.is(verbs.complete(live, { state: 'done', sha256: 'x' }, 8), true);
  assert.is(verbs.figures().tasks.done, 2);
  assert.is(verbs.hasCredentials(), false);
  db.close();
});

run('finds the tasks that waited long enough without a look at all that wait', async () => {
  await using folder = await temporaryFolder();
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  const { mayWake, wake, shortenWaits } = prepareLeaseStatements(db, 'oldest');
  for (const { sourceSQL } of [mayWake, wake, shortenWaits]) {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`).all();
    const steps = plan.map(({ detail }) => String(detail)).filter((step) => step.includes(' tasks '));
    for (const step of steps) assert.match(step, /tasks_waiting \(available_at|PRIMARY KEY|task_id=\?/u);
    assert.ok(steps.length > 0);
  }
  db.close();
});

run.run();
