/**
 * `./bin/check`: everything a change must pass, in the order in which it fails soonest. Each step runs whatever the others said;
 * the last line counts steps and tests together.
 */
import { packageFolder } from '../../src/package-folder.ts';
import { describeEnd, runChild } from '../../src/run-child.ts';
import { listenForShutdown } from '../../src/shutdown.ts';
import { checkDataFolder } from '../support/engine.ts';
import { installTestPackages } from './install-test-packages.ts';

type Counts = { passed: number; failed: number };

using shutdown = listenForShutdown();
const total: Counts = { passed: 0, failed: 0 };

/** Runs a program with our terminal; counts its own `N passed, N failed`, else itself as one. */
async function step(
  title: string,
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  if (shutdown.drain.aborted) return;
  console.log(`\n== ${title}`);
  let counts: Counts | undefined;
  const end = await runChild({
    file,
    args,
    cwd: packageFolder,
    inheritEnv: true,
    env,
    signal: shutdown.drain,
    onLine: (line) => {
      console.log(line);
      const found = /^(\d+) passed, (\d+) failed$/u.exec(line);
      if (found !== null) counts = { passed: Number(found[1]), failed: Number(found[2]) };
    },
  });
  const ok = end.exitCode === 0;
  const counted = counts ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  total.passed += counted.passed;
  // A step that says all is well and yet ends badly has failed.
  total.failed += !ok && counted.failed === 0 ? 1 : counted.failed;
  if (!ok) console.log(`${title}: ${describeEnd(end)}`);
}

const node = process.execPath;
const npm = (script: string): [string, string[]] => ['npm', ['run', '--silent', script]];
const assumeYes = process.argv.includes('--yes') || process.argv.includes('-y');

try {
  await installTestPackages(assumeYes, shutdown.drain);
  await step('types', ...npm('check:types'));
  await step('lint', ...npm('check:lint'));
  await step('format', ...npm('check:format'));
  await step('build', ...npm('build'));
  await step('engine', node, ['bin/stt.js', 'setup', '--model', 'demo-digits', ...(assumeYes ? ['--yes'] : [])], {
    STT_DATA_DIR: checkDataFolder,
  });
  await step('unit tests', ...npm('test'));
  await step('whole-system tests', ...npm('test:system'));
} catch (error) {
  console.error(error);
  total.failed += 1;
}
if (shutdown.drain.aborted) total.failed += 1;
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
