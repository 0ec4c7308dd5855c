/** `npm run bench:server`: all benchmarks of the server, one after the other, each in a process of its own. */
import path from 'node:path';
import { runChild } from '../../src/run-child.ts';

for (const name of ['queue', 'million', 'idle', 'serve', 'scan']) {
  const args = [path.join(import.meta.dirname, `${name}.ts`), ...process.argv.slice(2)];
  const end = await runChild({ file: process.execPath, args, inheritEnv: true, output: 'inherit' });
  if (end.exitCode !== 0) process.exitCode = 1;
}
