/**
 * Digests of model files, kept in `verified.json` so that no file is read twice. They are facts of a file as it was; whether they are
 * the right ones is asked of the catalogue each time. A damaged or unwritable `verified.json` only costs time.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../atomic-file.ts';

const keptSchema = z.object({
  files: z.record(
    z.string(),
    z.object({ mark: z.string(), algorithm: z.enum(['sha256', 'sha1']), digest: z.string().regex(/^[0-9a-f]+$/u) }),
  ),
});
type Kept = z.infer<typeof keptSchema>['files'];

export type KeptDigests = {
  /** Names the file as it is now: changed bytes come with another mark. */
  markOf: (file: string) => Promise<string>;
  /** Undefined where nothing is known of the file as it is. */
  find: (file: string, algorithm: 'sha256' | 'sha1') => Promise<string | undefined>;
  keep: (file: string, algorithm: 'sha256' | 'sha1', digest: string, mark: string) => Promise<void>;
  forget: (file: string) => Promise<void>;
};

export function openKeptDigests(modelsFolder: string): KeptDigests {
  const keptFile = path.join(modelsFolder, 'verified.json');
  const write = async (files: Kept): Promise<void> => {
    try {
      await writeFileAtomic(keptFile, `${JSON.stringify({ files }, null, 2)}\n`);
    } catch {
      // Read-only, or full: the file is read again next time.
    }
  };
  return {
    markOf,
    async find(file, algorithm) {
      const entry = (await readKept(keptFile))[path.resolve(file)];
      if (entry?.algorithm !== algorithm) return undefined;
      return entry.mark === (await markOf(file)) ? entry.digest : undefined;
    },
    async keep(file, algorithm, digest, mark) {
      await write({ ...(await readKept(keptFile)), [path.resolve(file)]: { mark, algorithm, digest } });
    },
    async forget(file) {
      const { [path.resolve(file)]: gone, ...others } = await readKept(keptFile);
      if (gone !== undefined) await write(others);
    },
  };
}

/** Size, device and inode, and both times: anybody may set back the one of the content, nobody the other. */
async function markOf(file: string): Promise<string> {
  const { size, dev, ino, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return [size, dev, ino, mtimeNs, ctimeNs].join('-');
}

async function readKept(keptFile: string): Promise<Kept> {
  try {
    return keptSchema.parse(JSON.parse(await readFile(keptFile, 'utf8'))).files;
  } catch {
    return {};
  }
}
