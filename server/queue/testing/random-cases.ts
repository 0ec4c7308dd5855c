/**
 * Random commands against the model: what the store answers, and everything that can be seen of it afterwards, must be what the
 * model says; and what must hold whatever the model says. A failure prints its seed and the shortest run that fails.
 */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { testSeed } from '../../../test/support/random.ts';
import { taskOrders } from '../task-store.ts';
import type { Cases, ConformingStore, OpenConforming } from './conforming-store.ts';
import { ModelStore, type ModelTask } from './model-store.ts';
import { randomSteps, type Step } from './random-commands.ts';

/** Looking for the shortest run that fails takes a while. */
const interruptAfterTimeLimit = 30_000;

export function randomCases(run: Cases, open: OpenConforming, { runs }: { runs: number }): void {
  run('does what the model does, whatever several actors ask in whatever order', async () => {
    const order = fc.constantFrom(...taskOrders);
    const property = fc.asyncProperty(order, randomSteps, async (order, steps) => {
      const policy = { order, maxAttempts: 2 };
      await using at = await open(policy);
      const model = new ModelStore(policy);
      for (const step of steps) {
        await take(step, model, at);
        await compare(model, at);
      }
    });
    await fc.assert(property, {
      numRuns: runs,
      seed: testSeed() | 0,
      includeErrorInReport: true,
      interruptAfterTimeLimit,
    });
  });
}

async function take(step: Step, model: ModelStore, at: ConformingStore): Promise<void> {
  if (step.kind === 'together') {
    const planned = step.commands.map((command) => model.plan(command));
    const answers = await Promise.all(planned.map(({ send }) => send(at.store())));
    for (const [index, { verify }] of planned.entries()) verify(answers[index]);
    return;
  }
  if (step.kind === 'restart') await at.restart();
  else model.now += step.ms;
  if (step.kind !== 'pass') model.hasJumped = true;
}

async function compare(model: ModelStore, at: ConformingStore): Promise<void> {
  const store = at.store();
  const tasks = [...model.tasks.values()].toSorted((one, other) => one.taskId - other.taskId);
  const [found, figures, open, leases] = await Promise.all([
    store.list({}, { after: 0, limit: 100 }),
    store.figures(),
    store.countOpen(),
    Promise.all(model.leases.map(({ key }) => store.find(key))),
  ]);
  // Ids need not be the model's; their order must.
  assert.equal(
    found.map(looksOf),
    tasks.map((task) => looksOf({ ...task, availableAt: task.state === 'waiting' ? task.availableAt : undefined })),
  );
  assert.is(open, model.openTasks());
  for (const [state, count] of Object.entries(figures.tasks)) {
    assert.is(count, tasks.filter((task) => task.state === state).length, state);
  }
  assert.is(figures.liveLeases, model.leases.filter(({ outcome }) => outcome === undefined).length);
  assert.equal(
    leases.map((lease) => [lease?.outcome, lease?.transcriptSha256, lease?.taskState, lease?.epoch]),
    model.leases.map(({ outcome, sha256, task, epoch }) => [outcome, sha256, task.state, epoch]),
  );
  const shown = await Promise.all(found.map(({ taskId }) => store.show(taskId)));
  for (const task of shown) {
    const epochs = (task?.leases ?? []).map(({ epoch }) => epoch);
    assert.equal(
      epochs,
      [...new Set(epochs)].toSorted((one, other) => other - one),
      'each grant has an epoch of its own',
    );
    assert.ok((epochs[0] ?? 0) === task?.epoch || epochs.length === 0, 'the epoch counts grants');
    const live = (task?.leases ?? []).filter(({ outcome }) => outcome === undefined);
    assert.is(live.length, task?.state === 'leased' ? 1 : 0);
  }
}

type Looks = Omit<ModelTask, 'taskId' | 'fingerprint' | 'availableAt'> & { availableAt: number | undefined };

function looksOf({ path, state, attempts, epoch, sizeBytes, language, isOffered, availableAt }: Looks): Looks {
  return { path, state, attempts, epoch, sizeBytes, language, isOffered, availableAt };
}
