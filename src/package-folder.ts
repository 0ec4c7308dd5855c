/** Where this program's own files lie: the same answer from a clone (`src/`) and from the package (`dist/src/`). */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** True in a clone, where Node.js runs the TypeScript sources as they are. */
export const runsFromSource = import.meta.filename.endsWith('.ts');

/** The folder that holds package.json, `bin/` and `whisper/`. */
export const packageFolder = path.resolve(import.meta.dirname, runsFromSource ? '..' : '../..');

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  return version;
}
