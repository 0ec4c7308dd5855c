import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { failedWith, type Finding, worstExitCode } from './finding.ts';

const run = suite('finding');

const failed = (exitCode: Finding['exitCode']): Finding => ({
  check: 'disk',
  status: 'fail',
  found: '',
  seconds: 0,
  ...(exitCode === undefined ? {} : { exitCode }),
});
const other = (status: 'ok' | 'warn' | 'skipped'): Finding => ({ check: 'disk', status, found: '', seconds: 0 });

run('says the worst of what failed, and nothing of warnings', () => {
  assert.is(worstExitCode([]), 0);
  assert.is(worstExitCode([other('ok'), other('warn'), other('skipped')]), 0);
  assert.is(worstExitCode([failed(75), other('warn')]), 75);
  assert.is(worstExitCode([failed(75), failed(69), failed(74), failed(77), failed(78)]), 78);
  assert.is(worstExitCode([failed(69), failed(77)]), 77);
  assert.is(worstExitCode([failed(70), failed(78)]), 70);
});

run('never ends well where something failed, whatever its code', () => {
  for (const exitCode of [...Object.values(exitCodes), undefined]) assert.is.not(worstExitCode([failed(exitCode)]), 0);
});

run('takes over what an error says for people, and calls a bug a bug', () => {
  const error = new AppError('It is gone.', { code: 'STT_GONE', hint: 'Bring it back.', exitCode: exitCodes.config });
  assert.equal(failedWith(error), {
    status: 'fail',
    found: 'It is gone.',
    fix: 'Bring it back.',
    code: 'STT_GONE',
    exitCode: 78,
  });
  assert.is(failedWith(new TypeError('x is not a function')).code, 'STT_BUG');
});

run.run();
