import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { workerExitCode } from './worker-exit-code.ts';
import { emptySummary } from './worker-event.ts';

const run = suite('workerExitCode');

run('tells a run that is to end by itself from one that is not', () => {
  assert.is(workerExitCode({ ...emptySummary, transcribed: 3 }, 'until_empty', null), 0);
  assert.is(workerExitCode({ ...emptySummary, failed: 1 }, 'until_empty', null), 65);
  assert.is(workerExitCode({ ...emptySummary, refused: 1 }, 'once', null), 65);
  assert.is(workerExitCode({ ...emptySummary, waiting: 1 }, 'until_empty', null), 75);
  assert.is(workerExitCode({ ...emptySummary, failed: 1 }, 'forever', null), 0);
});

run('takes a stop by the system for success, and Ctrl-C for an interruption', () => {
  assert.is(workerExitCode({ ...emptySummary, failed: 1, handedBack: 1 }, 'until_empty', 'SIGTERM'), 0);
  assert.is(workerExitCode(emptySummary, 'forever', 'SIGINT'), 130);
});

run.run();
