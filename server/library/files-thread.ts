/**
 * A thread for the quick file work of the library, off the event loop: looks at recordings, writes transcripts. What is asked together
 * is done together: looks first, then all deliveries with as few waits for the disk as possible. It knows files, no tasks.
 */
import type { Transferable } from 'node:worker_threads';
import { type Call, carryError, type Outcome, outcomeOf, type Reply } from '../threads/calls.ts';
import { bringUp, threadStart } from '../threads/inside.ts';
import { checkRecording } from './check-recording.ts';
import { deliverFiles } from './deliver-files.ts';
import type { Delivered, DeliveryRequest } from './delivery.ts';
import { LibraryRoot } from './library-root.ts';
import { type Looked, lookAtRecording } from './look-at-recording.ts';

export type FilesVerbs = {
  look(relativePath: string, language: string | undefined): Looked;
  deliver(request: DeliveryRequest): Delivered;
};

export type FilesThreadData = { root: string; transcriptPattern: string };

const { port, data } = threadStart<FilesThreadData>();
const root = new LibraryRoot(data.root);
const options = { ...data, root };

await bringUp(() => {
  port.on('message', (calls: Call[]) => {
    root.forget();
    const looks = calls.filter((call) => call.verb === 'look');
    // Nobody who wants a recording waits for the disk to take a transcript.
    if (looks.length > 0) answer(looks.map((call) => ({ sequence: call.sequence, ...look(call.args) })));
    const deliveries = calls.filter((call) => call.verb === 'deliver');
    if (deliveries.length > 0) void deliver(deliveries).then(answer);
  });
});

function look(args: readonly unknown[]): Outcome {
  const [relativePath, language] = args as Parameters<FilesVerbs['look']>;
  return outcome(() => lookAtRecording(options, relativePath, language));
}

async function deliver(calls: readonly Call[]): Promise<Reply[]> {
  const outcomes = new Map<number, Outcome>();
  const sound: { sequence: number; request: DeliveryRequest }[] = [];
  for (const { sequence, args } of calls) {
    const [request] = args as Parameters<FilesVerbs['deliver']>;
    const checked = outcome(() => checkRecording(root, request));
    if (checked.kind === 'value' && checked.value === undefined) sound.push({ sequence, request });
    else outcomes.set(sequence, checked);
  }
  const delivered = await outcomeOf(() =>
    deliverFiles(
      data.root,
      sound.map(({ request }) => request),
    ),
  );
  for (const [index, { sequence }] of sound.entries()) {
    if (delivered.kind === 'error') outcomes.set(sequence, delivered);
    else outcomes.set(sequence, ofOne((delivered.value as (Delivered | Error)[])[index]));
  }
  return [...outcomes].map(([sequence, one]) => ({ sequence, ...one }));
}

function ofOne(delivered: Delivered | Error | undefined): Outcome {
  return delivered instanceof Error
    ? { kind: 'error', error: carryError(delivered) }
    : { kind: 'value', value: delivered };
}

function outcome(work: () => unknown): Outcome {
  try {
    return { kind: 'value', value: work() };
  } catch (error) {
    return { kind: 'error', error: carryError(error) };
  }
}

/** The bytes of small recordings are handed over instead of copied. */
function answer(replies: readonly Reply[]): void {
  const transfer = replies.flatMap((reply): Transferable[] => {
    const looked = reply.kind === 'value' ? (reply.value as Partial<Looked> | undefined) : undefined;
    return looked?.kind === 'bytes' ? [(looked as Extract<Looked, { kind: 'bytes' }>).bytes.buffer] : [];
  });
  port.postMessage(replies, transfer);
}
