/** Reads WebVTT, the format of transcripts, with the W3C's parser. Pure. */
import webVttParser from 'webvtt-parser';

export type Cue = { startSeconds: number; endSeconds: number; text: string };

/** `errors` are the parser's own words, with lines; a transcript is only good without any. */
export type ParsedTranscript = { cues: readonly Cue[]; errors: readonly string[] };

/** A WebVTT file without cues: the transcript of silence. */
export const emptyTranscript = 'WEBVTT\n\n';

export function parseTranscript(vtt: string): ParsedTranscript {
  const { cues, errors } = new webVttParser.WebVTTParser().parse(vtt, 'subtitles');
  return {
    cues: cues.map((cue) => ({ startSeconds: cue.startTime, endSeconds: cue.endTime, text: cue.text.trim() })),
    errors: errors.map((error) => `line ${error.line}: ${error.message}`),
  };
}

/** What was said, in one line: the texts of all cues. */
export function spokenText(cues: readonly Cue[]): string {
  return cues
    .map((cue) => cue.text)
    .join(' ')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}
