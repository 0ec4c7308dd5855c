/**
 * One transcript, one form, whoever sent it: no BOM, LF, times as HH:MM:SS.mmm in order, one blank line between cues, nothing invisible
 * that turns text around, only WebVTT's own markup. Blocks that are no cues (NOTE, STYLE, REGION), cue identifiers and settings are
 * dropped: speech needs none, and they could carry anything. Pure, and idempotent.
 */
import { emptyTranscript, longestLine } from '../../src/protocol/web-vtt.ts';
import { normaliseCueText } from './cue-text.ts';
import { type CueTimes, readTimingLine, writeTime } from './cue-time.ts';
import { readTranscript } from './read-transcript.ts';

/** `text` may have WebVTT's tags and character references, and lines. */
export type SpokenCue = CueTimes & { text: string };

export type NormalisedTranscript =
  { kind: 'transcript'; cues: readonly SpokenCue[] } | { kind: 'unreadable'; reason: string };

/** Some forty hours of talk without a pause. */
export const mostCues = 100_000;

/** Controls that are no blanks, what turns the direction of text around, and byte order marks. */
const invisible = String.raw`[\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F\u202A-\u202E\u2066-\u2069\uFEFF]`;
const invisibles = new RegExp(invisible, 'gu');
/** It must not become the blank line that ends a cue. */
const invisibleLine = new RegExp(`(?<=\n)${invisible}+(?=\n)`, 'gu');
/** Other blanks, and other line breaks, which are none for WebVTT. */
const otherBlanks = /[\t\v\f\u0085\u2028\u2029]/gu;
const lineBreak = /\r\n|\r/gu;

export function normaliseTranscript(written: string): NormalisedTranscript {
  // Looked at before any work is done with it.
  if (countArrows(written) > mostCues) return unreadable(`it has more than ${mostCues} cues`);
  const text = written
    .replaceAll(lineBreak, '\n')
    .replaceAll(invisibleLine, ' ')
    .replaceAll(invisibles, '')
    .replaceAll(otherBlanks, ' ');
  const read = readTranscript(text);
  if (read.kind === 'unreadable') return read;

  const cues = cuesOf(text);
  const tooLong = cues.find((cue) => cue.text.length > longestLine && hasLongLine(cue.text));
  if (tooLong !== undefined) return unreadable(`a line is longer than ${longestLine} characters`);
  return { kind: 'transcript', cues };
}

/** The whole file. */
export function writeWebVtt(cues: readonly SpokenCue[]): string {
  if (cues.length === 0) return emptyTranscript;
  const written = cues.map(({ startMs, endMs, text }) => `${writeTime(startMs)} --> ${writeTime(endMs)}\n${text}\n`);
  return `WEBVTT\n\n${written.join('\n')}`;
}

function unreadable(reason: string): NormalisedTranscript {
  return { kind: 'unreadable', reason };
}

function countArrows(text: string): number {
  let count = 0;
  for (let at = text.indexOf('-->'); at !== -1; at = text.indexOf('-->', at + 3)) count += 1;
  return count;
}

function hasLongLine(text: string): boolean {
  return text.split('\n').some((line) => line.length > longestLine);
}

/** Those with words, by their start. A cue that ends when it begins, or before, gets a millisecond. */
function cuesOf(text: string): SpokenCue[] {
  const cues: SpokenCue[] = [];
  let times: CueTimes | undefined;
  let lines: string[] = [];
  const finish = (): void => {
    if (times !== undefined) {
      const { startMs } = times;
      const cue = { startMs, endMs: Math.max(times.endMs, startMs + 1) };
      const words = normaliseCueText(lines.join('\n'), cue);
      if (words !== '') cues.push({ ...cue, text: words });
    }
    times = undefined;
    lines = [];
  };
  for (const line of text.split('\n')) {
    // A spoken arrow is no timing.
    const found = line.includes('-->') ? readTimingLine(line) : undefined;
    if (found !== undefined || line === '') finish();
    if (found !== undefined) times = found;
    else if (times !== undefined) lines.push(line);
  }
  finish();
  return cues.toSorted((one, other) => one.startMs - other.startMs);
}
