/**
 * Streams a recording, or a range of it, from its descriptor. The reader sets the pace; one that takes nothing for a minute is cut
 * off, since neither of Node's own time limits covers a response.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import parseRange from 'range-parser';
import type { OpenRecording } from '../library/open-recording.ts';

/** First and last byte, both included. */
export type ByteRange = { start: number; end: number };

/** Several ranges at once, and what is no range, are answered with the whole, as RFC 9110 allows. */
export function rangeOf(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  if (header === undefined) return 'whole';
  const ranges = parseRange(sizeBytes, header);
  if (ranges === -1) return 'unsatisfiable';
  const [first] = ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1 ? [] : ranges;
  return first ?? 'whole';
}

/** @returns whether all of it was sent. */
export async function sendRecording(
  response: ServerResponse,
  recording: OpenRecording,
  options: { range: ByteRange | 'whole'; headers: OutgoingHttpHeaders; stallMs: number },
): Promise<boolean> {
  const { range, headers, stallMs } = options;
  const { start, end } = range === 'whole' ? { start: 0, end: recording.sizeBytes - 1 } : range;
  const length = end - start + 1;
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...headers,
    'Content-Length': length,
    ...(range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end}/${recording.sizeBytes}` }),
  });
  // The timer starts anew with every byte that the system takes over.
  response.setTimeout(stallMs, () => response.destroy());
  const source = recording.handle.createReadStream({ start, end, autoClose: false, highWaterMark: 256 * 1024 });
  try {
    await pipeline(source, response, { end: false });
    if (source.bytesRead !== length) throw new Error('the recording became shorter');
    response.end();
    await finished(response);
    return true;
  } catch {
    // Less than was announced: only the end of the connection tells the reader.
    response.destroy();
    return false;
  }
}
