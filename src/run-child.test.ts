import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../test/support/eventually.ts';
import { isRunning } from '../test/support/processes.ts';
import { rejects } from '../test/support/rejects.ts';
import { describeEnd, runChild } from './run-child.ts';

const run = suite('runChild');

const node = (script: string): { file: string; args: string[] } => ({ file: process.execPath, args: ['-e', script] });

run('reports output, lines and exit code as values', async () => {
  const lines: string[] = [];
  const end = await runChild({
    ...node(`console.log('one'); process.stdout.write('10%\\r20%\\n'); console.error('oops'); process.exitCode = 3`),
    onLine: (line, stream) => lines.push(`${stream}:${line}`),
    stdoutLimitBytes: 5,
  });
  assert.is(end.exitCode, 3);
  assert.is(describeEnd(end), 'exit code 3');
  assert.is(end.stdout, 'one\n1');
  assert.equal(lines.toSorted(), ['stderr:oops', 'stdout:10%', 'stdout:20%', 'stdout:one']);
});

run('keeps only a bounded tail of the output', async () => {
  const end = await runChild(
    node(`for (let i = 0; i < 5000; i++) console.log('line ' + i); console.log('x'.repeat(1e6))`),
  );
  assert.ok(end.outputTail.length < 10_000);
  assert.match(end.outputTail, 'line 4999');
});

run('stops a child that ignores SIGTERM, with its grandchild', async () => {
  let grandchild = 0;
  const stopper = new AbortController();
  const end = await runChild({
    ...node(`process.on('SIGTERM', () => {});
      const c = require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('up ' + process.pid)"], { stdio: ['ignore', 'inherit', 'inherit'] });
      setInterval(() => {}, 1e6)`),
    signal: stopper.signal,
    killAfterMs: 200,
    onLine: (line) => {
      grandchild = Number(line.split(' ')[1]);
      stopper.abort();
    },
  });
  assert.is(end.stoppedBy, 'abort');
  assert.is(end.signalName, 'SIGKILL');
  assert.ok(grandchild > 0);
  await eventually(() => !isRunning(grandchild), 'the grandchild is gone');
});

run('does not wait for a grandchild that keeps the output open, and ends it', async () => {
  let grandchild = 0;
  const end = await runChild({
    ...node(`const c = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit' });
      console.log(c.pid); c.unref(); setTimeout(() => process.exit(0), 100)`),
    onLine: (line) => (grandchild = Number(line)),
  });
  assert.is(end.exitCode, 0);
  assert.ok(end.durationMs < 5000);
  assert.ok(grandchild > 0);
  await eventually(() => !isRunning(grandchild), 'the grandchild is gone');
});

run('ends a child at its deadline', async () => {
  const end = await runChild({ ...node('setInterval(() => {}, 1e6)'), timeoutMs: 300 });
  assert.is(end.stoppedBy, 'timeout');
  assert.is(describeEnd(end), 'stopped after its deadline');
});

run('does not start anything when it is aborted already', async () => {
  const end = await runChild({ file: '/nonexistent', args: [], signal: AbortSignal.abort() });
  assert.is(end.stoppedBy, 'abort');
});

run('names a program that is missing', async () => {
  const error = await rejects(runChild({ file: 'no-such-program', args: [] }), /"no-such-program" was not found/u);
  assert.is(error['code'], 'STT_TOOL_MISSING');
  assert.is(error['exitCode'], 69);
});

run('passes on a minimal environment only', async () => {
  const end = await runChild({
    ...node('console.log(JSON.stringify(Object.keys(process.env)))'),
    env: { WANTED: '1' },
    stdoutLimitBytes: 10_000,
  });
  const names = JSON.parse(end.stdout) as string[];
  assert.ok(names.includes('WANTED') && names.includes('PATH'));
  assert.equal(
    names.filter((name) => /PASSWORD|STT_|NODE_OPTIONS/u.test(name)),
    [],
  );
});

run.run();
