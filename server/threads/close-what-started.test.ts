import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { closeWhatStarted } from './close-what-started.ts';

const run = suite('closeWhatStarted');

run('closes what started, also what starts late, when another part cannot', async () => {
  const closed: string[] = [];
  const slow = Promise.withResolvers<string>();
  const starting = async (): Promise<void> => {
    await using opened = new AsyncDisposableStack();
    const close = async (part: string): Promise<void> => {
      closed.push(part);
    };
    await Promise.all([
      closeWhatStarted(opened, Promise.resolve('first'), close),
      closeWhatStarted(opened, Promise.reject<string>(new Error('broken')), close),
      closeWhatStarted(opened, slow.promise, close),
    ]);
  };
  const failed = rejects(starting(), /broken/u);
  setImmediate(() => slow.resolve('slow'));
  await failed;
  assert.equal(closed, ['slow', 'first']);
});

run.run();
