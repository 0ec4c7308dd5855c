import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closestNames } from './closest-names.ts';

const run = suite('closest names');

const names = ['tiny', 'base', 'medium', 'medium.en', 'large-v1', 'large-v2', 'large-v3', 'large-v3-turbo'];

run('finds a slip, whatever the case', () => {
  assert.is(closestNames('mediun', names)[0], 'medium');
  assert.is(closestNames('MEDUM', names)[0], 'medium');
  assert.equal(closestNames('large-v4', names), ['large-v1', 'large-v2', 'large-v3']);
});

run('finds what begins so, at most four', () => {
  assert.equal(closestNames('large', names), ['large-v1', 'large-v2', 'large-v3', 'large-v3-turbo']);
  assert.equal(closestNames('med', names), ['medium', 'medium.en']);
});

run('finds nothing for what is like nothing', () => {
  assert.equal(closestNames('parakeet', names), []);
  assert.equal(closestNames('', names), []);
});

run.run();
