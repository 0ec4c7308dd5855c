/**
 * What is done with the body of a `POST /result` in the reader thread: JSON, schema, WebVTT, one form, every format that is wanted.
 * Pure. It may be slow, or break, on what is made to be: its thread has limits.
 */
import { createHash } from 'node:crypto';
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import { type ResultMessage, resultMessage } from '../../src/protocol/messages.ts';
import { readMessage } from '../http/json-body.ts';
import { type Refusal, refuse } from '../tasks/refusal.ts';
import { normaliseTranscript } from './normalise-transcript.ts';
import { writeFormat } from './write-formats.ts';

export type TranscriptFile = { format: TranscriptFormat; bytes: Uint8Array };

/** `sha256` is of the `.vtt`, in hex; it is the first of the files. */
export type ReadTranscript = {
  kind: 'transcript';
  hasSpeech: boolean;
  sha256: string;
  files: readonly [TranscriptFile, ...TranscriptFile[]];
};

/** What came with the transcript. */
export type ResultDetails = Omit<ResultMessage, 'vtt'>;

/** A transcript may be refused only where the task is known: whose id is wrong hears that first. */
export type ReadResult = { kind: 'read'; message: ResultDetails; transcript: ReadTranscript | Refusal };

export const tooMuchWork = refuse('bad_transcript', 'This transcript takes too much work to read.');

/** @param formats the first one is `vtt`. */
export function readResult(body: Uint8Array, formats: readonly TranscriptFormat[]): ReadResult | Refusal {
  const parsed = readMessage(Buffer.from(body.buffer, body.byteOffset, body.byteLength), resultMessage);
  if (parsed.kind === 'refused') return parsed;
  if (!Object.values(parsed.value).every(isWholeText)) {
    return refuse('bad_request', 'The body has text with NUL or half a character in it.');
  }
  const { vtt, ...message } = parsed.value;
  return { kind: 'read', message, transcript: transcriptOf(vtt, message.duration, formats) };
}

/** JSON can escape what no file can hold. */
function isWholeText(value: unknown): boolean {
  return typeof value !== 'string' || (value.isWellFormed() && !value.includes('\0'));
}

function transcriptOf(
  vtt: string,
  durationSeconds: number | undefined,
  formats: readonly TranscriptFormat[],
): ReadTranscript | Refusal {
  const normalised = normaliseTranscript(vtt);
  if (normalised.kind === 'unreadable') {
    return refuse('bad_transcript', `This is not a whole WebVTT: ${normalised.reason}.`);
  }
  const { cues } = normalised;
  const fileOf = (format: TranscriptFormat): TranscriptFile => ({
    format,
    bytes: new TextEncoder().encode(writeFormat[format](cues, { durationSeconds })),
  });
  const webVtt = fileOf('vtt');
  return {
    kind: 'transcript',
    hasSpeech: cues.length > 0,
    sha256: createHash('sha256').update(webVtt.bytes).digest('hex'),
    files: [webVtt, ...formats.filter((format) => format !== 'vtt').map(fileOf)],
  };
}
