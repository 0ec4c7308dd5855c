import { mkdir, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { AppError } from '../app-error.ts';
import { explainFileFailure } from './explain-file-failure.ts';

const run = suite('explainFileFailure');

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.unreachable(),
    (error: unknown) => error,
  );

run('says what to do about a place where no directory can be made', async () => {
  // Nobody, not even root, makes directories there.
  const error = await failureOf(mkdir('/proc/stt'));
  const explained = explainFileFailure(error) as AppError;
  assert.instance(explained, AppError);
  assert.is(explained.exitCode, 74);
  assert.match(explained.hint ?? '', 'STT_DATA_DIR');
});

run('says what to do about a directory where a file is wanted', async () => {
  await using folder = await temporaryFolder();
  const explained = explainFileFailure(await failureOf(readFile(folder.path))) as AppError;
  assert.instance(explained, AppError);
  assert.is(explained.exitCode, 74);
});

run('leaves alone what it knows nothing of', async () => {
  await using folder = await temporaryFolder();
  const known = new AppError('known', { code: 'STT_X' });
  const missing = await failureOf(readFile(folder.join('missing')));
  for (const error of [known, missing, new Error('a bug'), 'text']) assert.is(explainFileFailure(error), error);
});

run.run();
