/**
 * Unpacks a .tar.gz of somebody else. The whole archive is looked at before anything is written: a path or a link that leads out of
 * the folder, a device, or an absurd size refuses it. Links inside are left out; only files and directories are made.
 */
import path from 'node:path';
import { list, type ReadEntry, extract } from 'tar';
import { AppError, messageOf, systemErrorCode } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';

const maxEntries = 100_000;
const maxBytes = 2 * 1024 ** 3;

const plainTypes = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory']);
const linkTypes = new Set(['SymbolicLink', 'Link']);

/** @param into An existing folder. */
export async function unpack(archive: string, into: string): Promise<void> {
  await readArchive(archive, () => inspect(archive));
  await readArchive(archive, () =>
    extract({
      file: archive,
      cwd: into,
      strict: true,
      preserveOwner: false,
      filter: (_name, entry) => 'type' in entry && plainTypes.has(entry.type),
    }),
  );
}

async function inspect(archive: string): Promise<void> {
  let entries = 0;
  let bytes = 0;
  let problem: string | undefined;
  await list({
    file: archive,
    strict: true,
    onReadEntry(entry) {
      entries += 1;
      bytes += entry.size;
      problem ??= problemOf(entry);
    },
  });
  if (entries === 0) problem = 'it is empty';
  if (entries > maxEntries || bytes > maxBytes) problem ??= 'it is too large';
  if (problem !== undefined) throw refused(archive, problem);
}

function problemOf(entry: ReadEntry): string | undefined {
  if (leadsOut(entry.path)) return `"${entry.path}" leads out of it`;
  if (plainTypes.has(entry.type)) return undefined;
  if (!linkTypes.has(entry.type)) return `"${entry.path}" is neither a file nor a directory`;
  const target = entry.linkpath ?? '';
  // A symbolic link counts from its own place, a hard link from the root.
  const from = entry.type === 'SymbolicLink' ? path.posix.dirname(entry.path) : '.';
  const reached = path.posix.isAbsolute(target) ? target : path.posix.join(from, target);
  return leadsOut(reached) ? `the link "${entry.path}" leads out of it` : undefined;
}

function leadsOut(name: string): boolean {
  const normal = path.posix.normalize(name);
  return path.posix.isAbsolute(normal) || normal === '..' || normal.startsWith('../');
}

/** What the archive itself is to blame for becomes one kind of error; a full disk stays what it is. */
async function readArchive(archive: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (error instanceof AppError || !/^(Z_|TAR_)/u.test(code)) throw error;
    throw refused(archive, messageOf(error), error);
  }
}

function refused(archive: string, problem: string, cause?: unknown): AppError {
  return new AppError(`The archive ${archive} is refused: ${problem}.`, {
    code: 'STT_ARCHIVE',
    hint: 'Use the .tar.gz of a whisper.cpp release, as it was published.',
    exitCode: exitCodes.data,
    cause,
  });
}
