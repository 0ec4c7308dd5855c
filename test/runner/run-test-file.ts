/**
 * Runs one test file in a process of its own and closes uvu's gaps: a suite without `.run()`, a file without a test, a test that
 * hangs, a promise that never settles, a crash after the summary. What it returns is the whole truth about the file.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageFolder } from '../../src/package-folder.ts';
import { runChild } from '../../src/run-child.ts';

export type FileReport = {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  output: string;
  durationMs: number;
};

/** A file that starts with `// deadline: 600 s` may take that long. */
const defaultDeadlineMs = 120_000;

const compileCache = path.join(packageFolder, 'node_modules', '.cache', 'compile');

export async function runTestFile(file: string, signal: AbortSignal): Promise<FileReport> {
  const source = await readFile(file, 'utf8');
  const deadlineMs = Number(/^\/\/ deadline: (\d+) s$/mu.exec(source)?.[1] ?? 0) * 1000 || defaultDeadlineMs;
  const end = await runChild({
    file: process.execPath,
    args: ['--unhandled-rejections=strict', file],
    inheritEnv: true,
    // Each test of the server starts five threads: what they load is compiled once.
    env: { FORCE_COLOR: '0', NO_COLOR: '1', NODE_COMPILE_CACHE: compileCache },
    signal,
    timeoutMs: deadlineMs,
    stdoutLimitBytes: 1_000_000,
  });

  const summary = uvuSummary(end.stdout);
  const problem = problemOf(source, summary, end.exitCode, end.stoppedBy === 'timeout' ? deadlineMs : undefined);
  return {
    file,
    passed: summary?.passed ?? 0,
    skipped: summary?.skipped ?? 0,
    // A file that is wrong as a whole counts as one failure more than the tests that failed inside it.
    failed: (summary === undefined ? 0 : summary.total - summary.passed) + (problem === undefined ? 0 : 1),
    output: [end.stdout === '' ? end.outputTail : end.stdout, problem && `PROBLEM: ${problem}\n${end.outputTail}`]
      .filter(Boolean)
      .join('\n'),
    durationMs: end.durationMs,
  };
}

/** uvu's total leaves out what was skipped. */
type Summary = { total: number; passed: number; skipped: number };

export function uvuSummary(stdout: string): Summary | undefined {
  const found = /Total:\s+(\d+)\s+Passed:\s+(\d+)\s+Skipped:\s+(\d+)/u.exec(stdout);
  if (found === null) return undefined;
  return { total: Number(found[1]), passed: Number(found[2]), skipped: Number(found[3]) };
}

/** What is wrong with the file as a whole, beyond the failures uvu counted. */
export function problemOf(
  source: string,
  summary: Summary | undefined,
  exitCode: number | null,
  deadlineMs: number | undefined,
): string | undefined {
  if (deadlineMs !== undefined) return `hangs: stopped after ${deadlineMs / 1000} s`;
  for (const [, name] of source.matchAll(/^const (\w+) = suite\(/gmu)) {
    if (!source.includes(`\n${name}.run();`)) return `forgot ${name}.run()`;
  }
  if (summary === undefined) return 'ended without a summary: it crashed, or a promise never settled';
  if (summary.total === 0) return 'has no test';
  if (exitCode !== 0 && summary.total === summary.passed) return `ended with exit code ${exitCode}`;
  return undefined;
}
