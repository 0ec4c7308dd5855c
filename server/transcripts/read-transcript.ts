/**
 * Decides whether what a worker sent is a transcript. A worker of the ancestor sends what whisper.cpp wrote, as it is: an `&` or a
 * `<` that is not escaped, a cue that ends when it begins, a spoken `-->`. Players read that, so it is taken. What is no WebVTT, or
 * ends within a timing line or right after one, is not; a text that is cut off in its middle looks like a whole one. Pure.
 */
import { parseTranscript } from '../../src/protocol/web-vtt.ts';

export type ReadTranscript = { kind: 'readable'; hasSpeech: boolean } | { kind: 'unreadable'; reason: string };

/** `00:00:01.000 -->`, right or wrong; not `he said --> go`. */
const timingLine = /^\s*[\d.]*:[\d:.]*\s*-->/u;
/** What could have become a timing line: `00:00:01.000 --`. */
const partialTiming = /^[\d:.]+[ \t]*-{0,2}$/u;
const lineBreak = /\r\n|[\r\n]/u;

export function readTranscript(vtt: string): ReadTranscript {
  const lines = vtt.split(lineBreak);
  if (isCutOff(lines)) return { kind: 'unreadable', reason: 'its last cue is cut off' };
  const { cues, errors } = parseTranscript(vtt);
  const hasSignature = /^\uFEFF?WEBVTT(?:\s|$)/u.test(vtt);
  const arrows = lines.filter((line) => line.includes('-->'));
  const timings = arrows.filter((line) => timingLine.test(line)).length;
  const isWhole = hasSignature && cues.length > 0 && cues.length === timings;
  if (errors.length > 0 && !isWhole) return { kind: 'unreadable', reason: errors.slice(0, 3).join('; ') };
  // The parser takes a spoken arrow for the end of the cue.
  return { kind: 'readable', hasSpeech: arrows.length > timings || cues.some((cue) => cue.text !== '') };
}

function isCutOff(lines: readonly string[]): boolean {
  const last = lines.at(-1) ?? '';
  const before = lines.at(-2) ?? '';
  if (timingLine.test(last) || (before === '' && partialTiming.test(last))) return true;
  // A cue without words would end with an empty line.
  return last.trim() === '' && timingLine.test(before);
}
