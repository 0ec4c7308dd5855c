/** How much audio a WAV file says it holds; ffmpeg takes what is there and says nothing of what is missing. */
import { open } from 'node:fs/promises';

/** Programs that write into a pipe claim nothing, or as much as fits. */
const leastUnbounded = 0x7fff_0000;
const longestHeader = 64 * 1024;

/** @returns undefined where the file is no WAV file, or says nothing of use. */
export async function wavClaimedSeconds(file: string): Promise<number | undefined> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestHeader), 0, longestHeader, 0);
  return claimIn(buffer.subarray(0, bytesRead));
}

/** @param head the beginning of a file. */
function claimIn(head: Buffer): number | undefined {
  if (head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE') return undefined;
  let bytesPerSecond = 0;
  for (let at = 12; at + 8 <= head.length;) {
    const name = head.toString('latin1', at, at + 4);
    const size = head.readUInt32LE(at + 4);
    if (name === 'fmt ' && at + 20 <= head.length) bytesPerSecond = head.readUInt32LE(at + 16);
    if (name === 'data')
      return size === 0 || size >= leastUnbounded || bytesPerSecond === 0 ? undefined : size / bytesPerSecond;
    // A chunk of odd length is followed by one byte more.
    at += 8 + size + (size % 2);
  }
  return undefined;
}
