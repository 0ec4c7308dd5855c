/** The thread that reads what workers deliver. It knows no task; whoever started it may end it in the middle of its work. */
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import type { Refusal } from '../tasks/refusal.ts';
import { answerCalls, type CarriedError, carryError } from '../threads/calls.ts';
import { bringUp, threadStart } from '../threads/inside.ts';
import { readResult, type ReadResult, tooMuchWork } from './read-result.ts';

/** `progress` holds the index of the body that is being read, for whoever wonders what takes so long. */
export type ReaderStart = { formats: readonly TranscriptFormat[]; progress: Int32Array<SharedArrayBuffer> };

/** Several bodies, one after the other in `bytes`. */
export type Bodies = { bytes: ArrayBuffer; lengths: readonly number[] };

export type ReadAnswer = ReadResult | Refusal | { kind: 'broken'; error: CarriedError };

await bringUp(() => {
  const { port, data } = threadStart<ReaderStart>();
  const readAll = ({ bytes, lengths }: Bodies): ReadAnswer[] => {
    let start = 0;
    return lengths.map((length, index) => {
      Atomics.store(data.progress, 0, index);
      const body = new Uint8Array(bytes, start, length);
      start += length;
      return readWithin(body, data.formats);
    });
  };
  answerCalls(port, { readAll });
});

/** What is nested too deep for the stack is refused as what takes too long is. */
function readWithin(body: Uint8Array, formats: readonly TranscriptFormat[]): ReadAnswer {
  try {
    return readResult(body, formats);
  } catch (error) {
    return error instanceof RangeError ? tooMuchWork : { kind: 'broken', error: carryError(error) };
  }
}
