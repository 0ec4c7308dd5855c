import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeService, type ServiceState } from './describe-service.ts';

const describe = suite('describeService of the server');

const state = (more: Partial<ServiceState> = {}): ServiceState => ({
  isScanning: false,
  objection: undefined,
  tasks: { pending: 40, leased: 3, waiting: 1, done: 7, no_speech: 1, dead: 0 },
  ...more,
});

describe('says what is in work, or why nothing is', () => {
  assert.is(describeService(state()), '3 in work, 41 waiting');
  const tasks = { ...state().tasks, dead: 2 };
  assert.is(describeService(state({ tasks })), '3 in work, 41 waiting, 2 given up');
  assert.is(describeService(state({ isScanning: true })), 'scanning the library (3 in work, 41 waiting)');
  assert.is(
    describeService(state({ objection: 'the library is missing: ENOENT' })),
    'no tasks are handed out: the library is missing: ENOENT (3 in work, 41 waiting)',
  );
});

describe.run();
