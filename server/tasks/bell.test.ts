import {
  array,
  asyncProperty,
  assert as check,
  constant,
  integer,
  nat,
  oneof,
  record,
  type Arbitrary,
} from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { Bell } from './bell.ts';

const run = suite('Bell');

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): AbortSignal => new AbortController().signal;

/** Lines of sleepers; `woken` names those who are through, in order. */
function line(bell: Bell) {
  const woken: string[] = [];
  return {
    woken,
    wait: (
      name: string,
      gone = never(),
      longestMs = 60_000,
      place = bell.newPlace(),
      heard = bell.rings,
    ): Promise<void> => bell.next(place, heard, longestMs, gone).then(() => void woken.push(name)),
  };
}

run('wakes as many as there are tasks, whoever waited longest first', async () => {
  const bell = new Bell(fakeClock());
  const { wait, woken } = line(bell);
  for (const name of ['a', 'b', 'c', 'd']) void wait(name);
  bell.ring(2);
  await turn();
  assert.equal(woken, ['a', 'b']);
  assert.is(bell.waiting, 2);
  bell.ring();
  await turn();
  assert.equal(woken, ['a', 'b', 'c']);
  bell.ring(0);
  await turn();
  assert.is(bell.waiting, 1);
});

run('lets one who was woken in vain wait at the old place', async () => {
  const bell = new Bell(fakeClock());
  const { wait, woken } = line(bell);
  const place = bell.newPlace();
  void wait('a', never(), 60_000, place);
  void wait('b');
  bell.ring();
  await turn();
  void wait('a again', never(), 60_000, place);
  bell.ring();
  await turn();
  assert.equal(woken, ['a', 'a again']);
});

run('gives the turn of one who hung up to the next', async () => {
  const bell = new Bell(fakeClock());
  const { wait, woken } = line(bell);
  const hungUp = new AbortController();
  void wait('a', hungUp.signal);
  void wait('b');
  bell.ring();
  hungUp.abort();
  await turn();
  assert.equal(woken.toSorted(), ['a', 'b']);
  assert.is(bell.waiting, 0);
});

run('misses no ring between asking and waiting', async () => {
  const bell = new Bell(fakeClock());
  const { wait, woken } = line(bell);
  const heard = bell.rings;
  bell.ring();
  await wait('a', never(), 60_000, bell.newPlace(), heard);
  assert.equal(woken, ['a']);
});

run('lets nobody wait longer than wanted, and forgets who left', async () => {
  const clock = fakeClock();
  const bell = new Bell(clock);
  const { wait, woken } = line(bell);
  const hungUp = new AbortController();
  void wait('a', never(), 1000);
  void wait('b', hungUp.signal);
  void wait('c', never(), 5000);
  await clock.advance(1000);
  hungUp.abort();
  await turn();
  assert.equal(woken, ['a', 'b']);
  assert.is(bell.waiting, 1);
});

run('wakes all when it stops, and lets nobody wait afterwards', async () => {
  const bell = new Bell(fakeClock());
  const { wait, woken } = line(bell);
  for (const name of ['a', 'b', 'c']) void wait(name);
  bell.stop();
  await turn();
  assert.is(woken.length, 3);
  await wait('d');
  assert.is(bell.waiting, 0);
});

type Step =
  | { kind: 'arrive'; longestMs: number }
  | { kind: 'tasks'; count: number }
  | { kind: 'leave'; who: number }
  | { kind: 'tasksAndLeave'; count: number; who: number }
  | { kind: 'pass'; ms: number };

/** Workers as `claims.ts` has them: they ask the store, which answers later, and wait where it had nothing. */
async function simulate(steps: readonly Step[], delays: readonly number[]): Promise<{ idle: number; tasks: number }> {
  const clock = fakeClock();
  const bell = new Bell(clock);
  const leaving: AbortController[] = [];
  let tasks = 0;
  let draws = 0;
  let asking = 0;
  const store = async (): Promise<boolean> => {
    asking += 1;
    draws += 1;
    for (let turns = delays[draws % delays.length] ?? 0; turns > 0; turns -= 1) await turn();
    asking -= 1;
    if (tasks === 0) return false;
    tasks -= 1;
    // The answer takes its time as well.
    for (let turns = delays[(draws + 1) % delays.length] ?? 0; turns > 0; turns -= 1) await turn();
    return true;
  };
  const work = async (longestMs: number, gone: AbortSignal): Promise<void> => {
    const deadline = clock.now() + longestMs;
    const place = bell.newPlace();
    while (!gone.aborted) {
      const heard = bell.rings;
      if (await store()) {
        if (!gone.aborted) return;
        tasks += 1;
        bell.ring();
        return;
      }
      const leftMs = deadline - clock.now();
      if (leftMs <= 0 || gone.aborted) return;
      await bell.next(place, heard, leftMs, gone);
    }
  };
  const leave = (who: number): void => leaving[who % Math.max(1, leaving.length)]?.abort();
  for (const step of steps) {
    if (step.kind === 'arrive') {
      const gone = new AbortController();
      leaving.push(gone);
      void work(step.longestMs, gone.signal);
    } else if (step.kind === 'tasks') {
      tasks += step.count;
      bell.ring(step.count);
    } else if (step.kind === 'leave') {
      leave(step.who);
    } else if (step.kind === 'tasksAndLeave') {
      // In the same moment: a turn is given to one who hangs up.
      tasks += step.count;
      bell.ring(step.count);
      leave(step.who);
    } else {
      await clock.advance(step.ms);
      for (let quiet = 0; quiet < 6; quiet = asking === 0 ? quiet + 1 : 0) await turn();
    }
  }
  for (let quiet = 0; quiet < 20; quiet = asking === 0 ? quiet + 1 : 0) await turn();
  return { idle: bell.waiting, tasks };
}

run('lets nobody sleep beside work, however arrivals, tasks and hang-ups fall together', async () => {
  const step = oneof<Arbitrary<Step>[]>(
    record({ kind: constant('arrive' as const), longestMs: integer({ min: 1, max: 5000 }) }),
    record({ kind: constant('tasks' as const), count: integer({ min: 1, max: 4 }) }),
    record({ kind: constant('leave' as const), who: nat(20) }),
    record({ kind: constant('tasksAndLeave' as const), count: integer({ min: 1, max: 2 }), who: nat(5) }),
    record({ kind: constant('pass' as const), ms: integer({ min: 0, max: 2000 }) }),
  );
  const property = asyncProperty(
    array(step, { maxLength: 40 }),
    array(integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 7 }),
    async (steps, delays) => {
      const { idle, tasks } = await simulate(steps, delays);
      assert.ok(idle === 0 || tasks === 0, `${idle} wait beside ${tasks} tasks`);
    },
  );
  await check(property, { numRuns: 1000 });
});

run('does not have a thousand ask when one task appears', async () => {
  const bell = new Bell(fakeClock());
  let asked = 0;
  for (let worker = 0; worker < 1000; worker += 1) {
    void bell.next(bell.newPlace(), bell.rings, 60_000, never()).then(() => (asked += 1));
  }
  bell.ring();
  await turn();
  assert.is(asked, 1);
  bell.ring(10);
  await turn();
  assert.is(asked, 11);
});

run.run();
