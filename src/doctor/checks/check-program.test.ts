import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { thisProgram } from '../this-program.ts';
import { checkProgram } from './check-program.ts';

const run = suite('check program');

const look = (node: string) => checkProgram({ version: '1.2.3', node, oldestNode: '24.15', platform: 'linux-x64' });

run('knows a Node.js that is too old', () => {
  for (const node of ['24.15.0', '24.15.1', '24.100.0', '25.0.0', '100.0.0']) assert.is(look(node).status, 'ok', node);
  for (const node of ['24.14.9', '23.99.0', '9.0.0', '24.2.0', '20']) {
    const checked = look(node);
    assert.is(checked.status, 'fail', node);
    assert.is('exitCode' in checked ? checked.exitCode : 0, 69);
  }
});

run('has what runs this test for good', () => {
  const program = thisProgram();
  assert.match(program.oldestNode, /^\d+\.\d+$/u);
  assert.is(checkProgram(program).status, 'ok');
});

run.run();
