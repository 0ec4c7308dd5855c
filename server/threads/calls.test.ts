import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../src/app-error.ts';
import { eventually } from '../../test/support/eventually.ts';
import { rejects } from '../../test/support/rejects.ts';
import { isStoreTrouble } from '../queue/sqlite/store-trouble.ts';
import type { SampleVerbs } from './testing/sample-thread.ts';
import { startThread } from './thread.ts';

const run = suite('calls between threads');

async function start(cannotStart = false) {
  const failures: string[] = [];
  const events: string[] = [];
  const thread = await startThread<SampleVerbs, { cannotStart: boolean }, string>({
    name: 'the sample',
    file: new URL('./testing/sample-thread', import.meta.url),
    data: { cannotStart },
    onEvent: (event) => events.push(event),
    onFailure: ({ message }) => failures.push(message),
  });
  return { ...thread, verbs: thread.calls.verbs, failures, events, [Symbol.asyncDispose]: () => thread.end() };
}

run('answers each call with its own answer', async () => {
  await using thread = await start();
  const { add } = thread.verbs;
  assert.equal(await Promise.all([add(1, 2), add(30, 40), add(0, 0)]), [3, 70, 0]);
});

run('sends the calls of one turn of the event loop together', async () => {
  await using thread = await start();
  const answers = await Promise.all([thread.verbs.add(1, 1), thread.verbs.add(2, 2), thread.verbs.together()]);
  assert.equal(answers, [2, 4, 3]);
  assert.is(await thread.verbs.together(), 1);
});

run('keeps of an error what the rest of the server looks at', async () => {
  await using thread = await start();
  const code = await rejects(thread.verbs.fail('code'), /no room/u);
  assert.equal([code['code'], code.name], ['ENOSPC', 'RangeError']);
  assert.match(code.stack ?? '', /sample-thread/u);
  assert.ok(isStoreTrouble(await rejects(thread.verbs.fail('errcode'), /locked/u)));
  const app = await rejects(thread.verbs.fail('app'), /Wrong/u);
  assert.instance(app, AppError);
  assert.equal([app['code'], app['hint'], app['exitCode']], ['STT_DATABASE', 'Do this.', 78]);
  await rejects(thread.verbs.fail('text'), /only a text/u);
});

run('fails at its start with the error of the thread, as a person should read it', async () => {
  const error = await rejects(start(true), /Wrong/u);
  assert.instance(error, AppError);
  assert.equal([error['hint'], error['exitCode']], ['Do this.', 78]);
});

run('rejects all that waits when the thread dies, and what is asked later, and tells its owner once', async () => {
  for (const how of ['throws', 'exits'] as const) {
    const thread = await start();
    // Whichever is heard first: its error, or that its port is closed.
    const reason = how === 'throws' ? /a fault|has ended/u : /ended by itself|has ended/u;
    const waiting = [rejects(thread.verbs.never(), reason), rejects(thread.verbs.never(), reason)];
    thread.verbs.die(how).catch(() => {});
    await Promise.all(waiting);
    await eventually(() => thread.failures.length > 0, 'its owner is told');
    await rejects(thread.verbs.add(1, 1), reason);
    await thread.end();
    assert.is(thread.failures.length, 1);
  }
});

run('rejects what waits when it is ended on purpose, which is no failure', async () => {
  const thread = await start();
  const waiting = rejects(thread.verbs.never(), /closed/u);
  await thread.verbs.add(1, 1);
  await thread.end();
  await waiting;
  await rejects(thread.verbs.add(1, 1), /closed/u);
  assert.equal(thread.failures, []);
});

run('tells what it says of itself, and hands over what is transferred', async () => {
  await using thread = await start();
  await thread.verbs.say('hello');
  await eventually(() => thread.events.length === 1, 'the event arrives');
  assert.equal(thread.events, ['hello']);
  const bytes = new ArrayBuffer(1000);
  assert.is(await thread.calls.call('lengthOf', [bytes], [bytes]), 1000);
  assert.is(bytes.byteLength, 0);
});

run.run();
