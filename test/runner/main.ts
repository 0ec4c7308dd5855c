/**
 * `node test/runner/main.ts FOLDER|FILE...`: runs every *.test.ts below, two at a time. Of the whole-system tests those that install
 * and boot things wait for a lane of their own; the others go one at a time: they measure, and share ports. The last line is
 * `N passed, N failed`; the exit code says the same.
 */
import { glob, stat } from 'node:fs/promises';
import { listenForShutdown } from '../../src/shutdown.ts';
import { type FileReport, runTestFile } from './run-test-file.ts';

async function findTests(places: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const place of places) {
    if ((await stat(place)).isFile()) files.push(place);
    else for await (const file of glob(`${place}/**/*.test.ts`)) files.push(file);
  }
  return files.toSorted();
}

function show(report: FileReport): void {
  const counts = `${report.passed} passed${report.failed > 0 ? `, ${report.failed} FAILED` : ''}`;
  const skipped = report.skipped > 0 ? `, ${report.skipped} skipped` : '';
  console.log(
    `${report.failed > 0 ? '✗' : '✓'} ${report.file}: ${counts}${skipped} (${(report.durationMs / 1000).toFixed(1)} s)`,
  );
  if (report.failed > 0) console.log(report.output.replaceAll(/^/gmu, '    '));
}

using shutdown = listenForShutdown();
const places = process.argv.slice(2);
const files = await findTests(places);
const reports: FileReport[] = [];

async function runAll(queue: string[]): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (shutdown.drain.aborted) return;
    const report = await runTestFile(file, shutdown.drain);
    reports.push(report);
    show(report);
  }
}

const isOfKit = (file: string): boolean => /^test\/(?:packages|systemd)\//u.test(file);
const isOfSystem = (file: string): boolean => file.startsWith('test/');
const units = files.filter((file) => !isOfSystem(file));
await Promise.all([runAll(units), runAll(units)]);
await Promise.all([runAll(files.filter(isOfKit)), runAll(files.filter((file) => isOfSystem(file) && !isOfKit(file)))]);

const sum = (pick: (report: FileReport) => number): number =>
  reports.reduce((total, report) => total + pick(report), 0);
const failed = sum((report) => report.failed) + (files.length === 0 || shutdown.drain.aborted ? 1 : 0);
if (files.length === 0) console.log(`no test files below ${places.join(', ')}`);
const skipped = sum((report) => report.skipped);
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${sum((report) => report.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
