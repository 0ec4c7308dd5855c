/** Reads WebVTT, the format of transcripts, with the W3C's parser. Pure. */
import webVttParser from 'webvtt-parser';

export type Cue = { startSeconds: number; endSeconds: number; text: string };

/** `errors` are the parser's own words, with lines; a transcript is only good without any. */
export type ParsedTranscript = { cues: readonly Cue[]; errors: readonly string[] };

/** A WebVTT file without cues: the transcript of silence. */
export const emptyTranscript = 'WEBVTT\n\n';

/**
 * The parser's work grows with the square of a line's length, and its stack with the depth of tags: a peer must not choose either.
 * A cue of a whole minute has some 1,000 characters.
 */
export const longestLine = 5000;

export function parseTranscript(vtt: string): ParsedTranscript {
  const longLine = vtt.split(/\r\n|\r|\n/u).findIndex((line) => line.length > longestLine);
  if (longLine !== -1) {
    return { cues: [], errors: [`line ${longLine + 1}: longer than ${longestLine} characters.`] };
  }
  try {
    const { cues, errors } = new webVttParser.WebVTTParser().parse(vtt, 'subtitles');
    return {
      cues: cues.map((cue) => ({ startSeconds: cue.startTime, endSeconds: cue.endTime, text: cue.text.trim() })),
      errors: errors.map((error) => `line ${error.line}: ${error.message}`),
    };
  } catch (error) {
    if (error instanceof RangeError) return { cues: [], errors: ['tags are nested too deep.'] };
    throw error;
  }
}

/** What was said, in one line: the texts of all cues. */
export function spokenText(cues: readonly Cue[]): string {
  return cues
    .map((cue) => cue.text)
    .join(' ')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}
