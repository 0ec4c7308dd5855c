import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type FileReport, runTestFile } from './run-test-file.ts';

const runner = suite('the test runner');

const uvu = JSON.stringify(path.join(packageFolder, 'node_modules', 'uvu', 'dist', 'index.mjs'));

async function report(...lines: string[]): Promise<FileReport> {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('x.test.mjs'), [`import { suite } from ${uvu};`, ...lines].join('\n'));
  // Awaited here: the folder goes when this function returns.
  return await runTestFile(folder.join('x.test.mjs'), new AbortController().signal);
}

const counts = ({ passed, failed, skipped }: FileReport): number[] => [passed, failed, skipped];
const newSuite = `const s = suite('s');`;
const passing = `s('a', () => {});`;

runner('counts what passed, failed and was skipped', async () => {
  const failing = `s('b', () => { throw new Error('no'); });`;
  const result = await report(newSuite, passing, failing, `s.skip('c', () => {});`, 's.run();');
  assert.equal(counts(result), [1, 1, 1]);
  assert.match(result.output, 'FAIL');
});

runner('fails a file that forgot to run its suite', async () => {
  const result = await report(newSuite, passing);
  assert.ok(result.failed >= 1);
  assert.match(result.output, 'forgot s.run()');
});

runner('fails a file with one suite that runs and one that does not', async () => {
  const result = await report(newSuite, passing, `const t = suite('t');`, `t('b', () => {});`, 's.run();');
  assert.equal(counts(result), [1, 1, 0]);
});

runner('fails a file without a test', async () => {
  const result = await report(newSuite, 's.run();');
  assert.is(result.failed, 1);
  assert.match(result.output, 'has no test');
});

runner('fails a file that hangs after its tests', async () => {
  const result = await report('// deadline: 1 s', newSuite, passing, 'setInterval(() => {}, 1e6);', 's.run();');
  assert.equal(counts(result), [1, 1, 0]);
  assert.match(result.output, 'hangs');
});

runner('fails a test whose promise never settles', async () => {
  const result = await report(newSuite, `s('a', () => new Promise(() => {}));`, 's.run();');
  assert.equal(counts(result), [0, 1, 0]);
});

runner('fails a file whose rejected promise nobody awaited', async () => {
  const result = await report(newSuite, `s('a', () => { Promise.reject(new Error('lost')); });`, 's.run();');
  assert.is(result.failed, 1);
});

runner('fails a file that cannot even be loaded', async () => {
  const result = await report('this is not JavaScript');
  assert.equal(counts(result), [0, 1, 0]);
});

runner.run();
