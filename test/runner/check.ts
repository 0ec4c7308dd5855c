/**
 * `./bin/check`: everything a change must pass. Each step runs whatever the others said; the last line counts steps and tests
 * together.
 */
import { messageOf } from '../../src/app-error.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { describeEnd, runChild } from '../../src/run-child.ts';
import { listenForShutdown } from '../../src/shutdown.ts';
import { checkDataFolder } from '../support/engine.ts';
import { installTestPackages } from './install-test-packages.ts';

type Counts = { passed: number; failed: number };

const succeeded: Counts = { passed: 1, failed: 0 };
const failed: Counts = { passed: 0, failed: 1 };

using shutdown = listenForShutdown();
const signal = shutdown.drain;
const assumeYes = process.argv.includes('--yes') || process.argv.includes('-y');

/** Runs an npm script; counts its own `N passed, N failed`, else itself as one. */
async function npmScript(script: string): Promise<Counts> {
  let counts: Counts | undefined;
  const end = await runChild({
    file: 'npm',
    args: ['run', '--silent', script],
    cwd: packageFolder,
    inheritEnv: true,
    signal,
    onLine: (line) => {
      console.log(line);
      const found = /^(\d+) passed, (\d+) failed$/u.exec(line);
      if (found !== null) counts = { passed: Number(found[1]), failed: Number(found[2]) };
    },
  });
  if (end.exitCode === 0) return counts ?? succeeded;
  console.log(`npm run ${script}: ${describeEnd(end)}`);
  // A script that counts no failure and yet ends badly has failed.
  return { passed: counts?.passed ?? 0, failed: counts?.failed || 1 };
}

/** The same engine on every machine, whatever cards it has, and in as little time as it takes. */
const engineFlags = ['--backend', 'cpu', '--no-compare', '--model', 'demo-digits'];

/** Builds the engine that the tests use, with our terminal: it may have to ask. */
async function buildEngine(): Promise<Counts> {
  const end = await runChild({
    file: process.execPath,
    args: ['bin/stt.js', 'setup', ...engineFlags, ...(assumeYes ? ['--yes'] : [])],
    cwd: packageFolder,
    inheritEnv: true,
    env: { STT_DATA_DIR: checkDataFolder },
    output: 'terminal',
    signal,
  });
  return end.exitCode === 0 ? succeeded : failed;
}

async function providePackages(): Promise<Counts> {
  await installTestPackages(assumeYes, signal);
  return succeeded;
}

const steps: [title: string, run: () => Promise<Counts>][] = [
  ['packages for the tests', providePackages],
  ['engine', buildEngine],
  ['types', () => npmScript('check:types')],
  ['lint', () => npmScript('check:lint')],
  ['format', () => npmScript('check:format')],
  ['build', () => npmScript('build')],
  ['unit tests', () => npmScript('test')],
  ['whole-system tests', () => npmScript('test:system')],
];

const total: Counts = { passed: 0, failed: 0 };
for (const [title, run] of steps) {
  if (signal.aborted) break;
  console.log(`\n== ${title}`);
  const counts = await run().catch((error: unknown) => {
    console.log(messageOf(error));
    return failed;
  });
  total.passed += counts.passed;
  total.failed += counts.failed;
}
if (signal.aborted) total.failed += 1;
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
