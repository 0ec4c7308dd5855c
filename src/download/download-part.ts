/**
 * `FILE.part`: what came so far, and beside it what makes going on safe: the SHA-256 of its address,
 * in which a password may stand, and the server's mark for that very content.
 */
import { createHash } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../atomic-file.ts';

const partStateSchema = z.object({ urlSha256: z.string(), validator: z.string() });

export type DownloadPart = {
  file: string;
  /** Everything that a part may leave behind. */
  files: readonly string[];
  remove: () => Promise<void>;
  /** From the first byte. Without a validator it cannot be gone on with later. */
  begin: (url: string, validator: string | undefined) => Promise<void>;
  /** Where to go on, when it comes from that address. */
  resumePoint: (url: string) => Promise<{ bytes: number; validator: string } | undefined>;
};

export function partOf(file: string): DownloadPart {
  const partFile = `${file}.part`;
  const stateFile = `${file}.part.json`;
  const files = [partFile, stateFile];
  const remove = async (): Promise<void> => {
    for (const each of files) await rm(each, { force: true });
  };
  return {
    file: partFile,
    files,
    remove,
    async begin(url, validator) {
      await remove();
      if (validator !== undefined)
        await writeFileAtomic(stateFile, JSON.stringify({ urlSha256: sha256Of(url), validator }));
    },
    async resumePoint(url) {
      try {
        const state = partStateSchema.parse(JSON.parse(await readFile(stateFile, 'utf8')));
        const { size } = await stat(partFile);
        return state.urlSha256 === sha256Of(url) && size > 0 ? { bytes: size, validator: state.validator } : undefined;
      } catch {
        // Nothing there, or not readable: from the start then.
        return undefined;
      }
    },
  };
}

const sha256Of = (url: string): string => createHash('sha256').update(url).digest('hex');
