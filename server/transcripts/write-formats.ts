/** The other formats of a transcript, from the cues of the WebVTT. Plain text in all of them: tags are WebVTT's own. Pure. */
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import { plainText } from './cue-text.ts';
import { writeTime } from './cue-time.ts';
import { type SpokenCue, writeWebVtt } from './normalise-transcript.ts';

/** What the transcript itself does not say. */
export type Measured = { durationSeconds: number | undefined };

export const writeFormat: Record<TranscriptFormat, (cues: readonly SpokenCue[], measured: Measured) => string> = {
  vtt: writeWebVtt,
  srt: writeSubRip,
  txt: writeText,
  json: writeJson,
};

/** Only the task knows the language for sure, and it is looked up when the rest is written. @param json of `writeFormat`. */
export function withLanguage(json: Uint8Array, language: string | undefined): Uint8Array {
  const first = new TextEncoder().encode(`{"language":${JSON.stringify(language ?? null)},`);
  const whole = new Uint8Array(first.byteLength + json.byteLength - 1);
  whole.set(first);
  whole.set(json.subarray(1), first.byteLength);
  return whole;
}

/** SubRip knows no escapes, and its readers run tags: look-alikes stand for the characters that would make one, or an arrow. */
function writeSubRip(cues: readonly SpokenCue[]): string {
  return cues
    .map(({ startMs, endMs, text }, index) => {
      const words = plainText(text).replaceAll('<', '‹').replaceAll('>', '›');
      return `${index + 1}\n${writeTime(startMs, ',')} --> ${writeTime(endMs, ',')}\n${words}\n`;
    })
    .join('\n');
}

function writeText(cues: readonly SpokenCue[]): string {
  return cues.map((cue) => `${oneLine(cue)}\n`).join('');
}

function writeJson(cues: readonly SpokenCue[], { durationSeconds }: Measured): string {
  const segments = cues.map((cue) => ({ start: cue.startMs / 1000, end: cue.endMs / 1000, text: oneLine(cue) }));
  const duration = durationSeconds === undefined ? {} : { duration: durationSeconds };
  return `${JSON.stringify({ ...duration, segments, text: segments.map((segment) => segment.text).join(' ') })}\n`;
}

function oneLine(cue: SpokenCue): string {
  return plainText(cue.text).replaceAll('\n', ' ');
}
