/**
 * Adds lines to a file that other workers may add to as well: each call is one write at the end of the file. What a crash or a full
 * disk left of an earlier line stays a line of its own. It does not sync: records are worth less than the time that would cost.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../app-error.ts';

const newline = 10;
// A pipe or a device in its place would keep us waiting.
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/**
 * @param line ends with a newline.
 * @param header goes before the first line of a new file.
 * @throws the error of the system; nothing of the line is left in the file then, as far as the disk lets us.
 */
export async function appendLine(file: string, line: string, header = ''): Promise<void> {
  await using handle = await openMakingFolder(file);
  const stat = await handle.stat();
  if (!stat.isFile()) throw new Error('it is not a plain file');
  const { size } = stat;
  const before = size === 0 ? header : (await endsInLine(handle, size)) ? '' : '\n';
  const bytes = Buffer.from(before + line);
  const { bytesWritten } = await handle.write(bytes);
  if (bytesWritten === bytes.byteLength) return;
  await cutBack(handle, size, bytesWritten);
  throw new Error('the disk is full');
}

async function openMakingFolder(file: string): Promise<FileHandle> {
  try {
    return await open(file, flags, 0o644);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await mkdir(path.dirname(file), { recursive: true });
    return open(file, flags, 0o644);
  }
}

async function endsInLine(handle: FileHandle, size: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] === newline;
}

/** Only where nobody else has written since. */
async function cutBack(handle: FileHandle, size: number, written: number): Promise<void> {
  try {
    if ((await handle.stat()).size === size + written) await handle.truncate(size);
  } catch {
    // Why it could not be written is the error to be told; the next line begins a new one.
  }
}
