/** A folder for one test, gone when the test ends: `await using folder = await temporaryFolder()`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type TemporaryFolder = AsyncDisposable & { path: string; join: (...parts: string[]) => string };

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stt-test-'));
  return {
    path: folder,
    join: (...parts) => path.join(folder, ...parts),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
