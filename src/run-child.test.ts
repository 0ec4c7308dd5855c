import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../test/support/eventually.ts';
import { fakePrograms } from '../test/support/fake-programs.ts';
import { isRunning } from '../test/support/processes.ts';
import { rejects } from '../test/support/rejects.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
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

run('takes a deadline of months for what it is', async () => {
  const end = await runChild({ ...node('setTimeout(() => {}, 300)'), timeoutMs: 1e13 });
  assert.equal([end.exitCode, end.stoppedBy], [0, null]);
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

run('names a program that may not be executed, or cannot be', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('text'), 'no program');
  await rejects(runChild({ file: folder.join('text'), args: [] }), /text" may not be executed/u);
  await writeFile(folder.join('damaged'), '#!/no/such/interpreter\n', { mode: 0o755 });
  const error = await rejects(
    runChild({ file: folder.join('damaged'), args: [] }),
    /The program ".*damaged" (?:cannot be started|was not found)/u,
  );
  assert.is(error['code'], 'STT_TOOL_MISSING');
});

run('finds a program by a path that begins in its working folder', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('tool'), '#!/bin/sh\necho here', { mode: 0o755 });
  const end = await runChild({ file: './tool', args: [], cwd: folder.path, stdoutLimitBytes: 10 });
  assert.is(end.stdout, 'here\n');
});

const onLinux = (title: string, test: () => Promise<void>): void =>
  process.platform === 'linux' ? run(title, test) : run.skip(title, test);

onLinux('leaves no child behind when it is killed itself', async () => {
  const moduleUrl = new URL('run-child.ts', import.meta.url).href;
  const parent = `
    const { runChild } = await import(${JSON.stringify(moduleUrl)});
    const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log(process.pid)";
    await runChild({ file: process.execPath, args: ['-e', script], limits: {}, onLine: (line) => console.log(line) });`;
  let child = 0;
  const stopper = new AbortController();
  const end = await runChild({
    file: process.execPath,
    args: ['--input-type=module', '-e', parent],
    signal: stopper.signal,
    timeoutMs: 20_000,
    onStart: (group) => {
      void eventually(() => child > 0, 'the child runs').then(() => process.kill(group, 'SIGKILL'));
    },
    onLine: (line) => (child = Number(line)),
  });
  assert.is(end.signalName, 'SIGKILL');
  assert.is(end.stoppedBy, null);
  await eventually(() => !isRunning(child), 'the child went with its parent');
});

onLinux('limits memory, files and processor time, and dumps no core', async () => {
  await using folder = await temporaryFolder();
  const limits = { memoryBytes: 512 * 1024 * 1024, fileBytes: 4096, cpuSeconds: 9 };
  const shown = await runChild({
    file: 'sh',
    args: ['-c', 'ulimit -v; ulimit -t; ulimit -c'],
    limits,
    stdoutLimitBytes: 100,
  });
  assert.is(shown.stdout, '524288\n9\n0\n');
  const args = ['-c', 'exec head -c 10000 /dev/zero > big'];
  assert.is((await runChild({ file: 'sh', args, cwd: folder.path, limits })).signalName, 'SIGXFSZ');
  assert.is((await runChild({ file: 'sh', args, cwd: folder.path, limits: {} })).exitCode, 0);
  const loop = { file: 'sh', args: ['-c', 'while :; do :; done'], limits: { cpuSeconds: 1 } };
  assert.is((await runChild({ ...loop, timeoutMs: 20_000 })).signalName, 'SIGXCPU');
});

run('stands back where it is told to', async () => {
  const end = await runChild({ ...node('console.log(os.getPriority())'), niceness: 10, stdoutLimitBytes: 10 });
  assert.is(end.stdout, '10\n');
});

run('does without the programs that restrain a child where they are missing or cannot do it', async () => {
  const work = { ...node('console.log(1)'), limits: { fileBytes: 1 }, niceness: 5, stdoutLimitBytes: 10 };
  {
    await using programs = await fakePrograms({}, true);
    assert.is((await runChild(work)).stdout, '1\n');
    assert.equal(await programs.calls(), []);
  }
  const cannot = 'echo "unrecognized option" >&2; exit 1';
  await using programs = await fakePrograms({ setpriv: cannot, prlimit: cannot, nice: cannot });
  assert.is((await runChild(work)).stdout, '1\n');
  assert.is((await runChild(work)).stdout, '1\n');
  assert.is((await programs.calls()).length, 3, 'each is asked once');
});

run.run();
