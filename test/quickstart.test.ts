// deadline: 600 s
/** The first command of the README, as a newcomer runs it, with the engine that the check has built. */
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../src/package-folder.ts';
import { type ChildEnd, runChild } from '../src/run-child.ts';
import { checkDataFolder } from './support/engine.ts';
import { eventually } from './support/eventually.ts';
import { samples } from './support/library.ts';
import { processesOf, type RunningProcess } from './support/processes.ts';
import { startProgram } from './support/programs.ts';

const quickstart = suite('quickstart');

const program = path.join(packageFolder, 'bin', 'quickstart');
const env = { STT_DATA_DIR: checkDataFolder };

/** Whatever belongs to a demo: its server, its worker, their ffmpeg and whisper-cli all work in its folder. */
const demoProcesses = (): RunningProcess[] => processesOf(path.join(tmpdir(), 'stt-demo-'));

function run(args: readonly string[]): Promise<ChildEnd> {
  return runChild({ file: program, args, cwd: '/', env, timeoutMs: 300_000, stdoutLimitBytes: 100_000 });
}

quickstart('transcribes the samples, shows each beside the truth, and leaves nothing running', async () => {
  const end = await run(['--yes']);
  assert.is(end.exitCode, 0, end.outputTail);
  for (const sample of samples) {
    assert.match(end.stdout, `spoken  ${sample.spoken}`);
    assert.match(end.stdout, new RegExp(`${sample.name} .*: 0 of \\d+ words wrong`, 'u'));
  }
  assert.match(end.stdout, /word error rate +0\.0 % \(must be below 5 %\)/u);
  assert.match(end.stdout, /speed +\d+\.\d audio seconds per second/u);
  assert.match(end.stdout, 'for demo and tests only');
  const library = path.dirname(/^transcripts +(\S+)/mu.exec(end.stdout)?.[1] ?? '');
  assert.is((await readdir(library)).filter((name) => name.endsWith('.vtt')).length, samples.length);
  assert.equal(demoProcesses(), []);
});

quickstart('gives one JSON document to scripts', async () => {
  const end = await run(['--yes', '--json']);
  assert.is(end.exitCode, 0, end.outputTail);
  const outcome = JSON.parse(end.stdout) as { passed: boolean; wordErrorRate: number; audioSecondsPerSecond: number };
  assert.ok(outcome.passed);
  assert.ok(outcome.audioSecondsPerSecond > 1);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  quickstart(`ended by ${signal} in the middle, it leaves nothing running`, async () => {
    await using running = startProgram({ file: program, args: ['--yes'], cwd: '/', env });
    await eventually(
      () => demoProcesses().some(({ commandLine }) => commandLine.includes('stt.js run')),
      'the worker runs',
      60_000,
    );
    const demo = processesOf('bin/stt.js demo')[0];
    process.kill(demo?.pid ?? 0, signal);
    const end = await running.ended;
    assert.is(end.exitCode, 130);
    assert.equal(demoProcesses(), []);
  });
}

quickstart.run();
