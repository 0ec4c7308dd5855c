/** The whole output of a build, line by line, in a file. Losing the log (disk full) must not end the build: it will say so itself. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

export type BuildLog = Disposable & { file: string; write: (line: string) => void };

export function openBuildLog(file: string): BuildLog {
  mkdirSync(path.dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a');
  let isWritable = true;
  return {
    file,
    write(line) {
      if (!isWritable) return;
      try {
        writeSync(descriptor, `${line}\n`);
      } catch {
        isWritable = false;
      }
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}
