/** Fake programs at the front of PATH, for one test. Each appends its arguments to `calls.log` and then runs its own script. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

export type FakePrograms = AsyncDisposable & { calls: () => Promise<string[]> };

/**
 * @param scripts Name to shell script.
 * @param isAlone True hides the machine's own programs.
 */
export async function fakePrograms(scripts: Record<string, string>, isAlone = false): Promise<FakePrograms> {
  const folder = await temporaryFolder();
  const log = folder.join('calls.log');
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(folder.join(name), `#!/bin/sh\necho "${name} $*" >> '${log}'\n${script}\n`, { mode: 0o755 });
  }
  const oldPath = process.env['PATH'] ?? '';
  process.env['PATH'] = isAlone ? folder.path : `${folder.path}${path.delimiter}${oldPath}`;
  return {
    async calls() {
      const text = await readFile(log, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = oldPath;
      await folder[Symbol.asyncDispose]();
    },
  };
}
