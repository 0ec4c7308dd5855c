/**
 * Decides whether what a worker sent is a transcript. A worker of the ancestor sends what whisper.cpp wrote, as it is: an `&` or a
 * `<` that is not escaped, a cue that ends when it begins. Every player reads that, so it is taken; what is cut off or no WebVTT at
 * all is not. Pure.
 */
import { parseTranscript } from '../../src/protocol/web-vtt.ts';

export type ReadTranscript = { kind: 'readable'; hasSpeech: boolean } | { kind: 'unreadable'; reason: string };

export function readTranscript(vtt: string): ReadTranscript {
  const { cues, errors } = parseTranscript(vtt);
  const hasSignature = /^\uFEFF?WEBVTT(?:\s|$)/u.test(vtt);
  const timings = vtt.split(/\r\n|\r|\n/u).filter((line) => line.includes('-->')).length;
  const isWhole = hasSignature && cues.length > 0 && cues.length === timings;
  if (errors.length > 0 && !isWhole) return { kind: 'unreadable', reason: errors.slice(0, 3).join('; ') };
  return { kind: 'readable', hasSpeech: cues.some((cue) => cue.text !== '') };
}
