/** The part of the package's interface that we use; it brings no types. */
declare module 'webvtt-parser' {
  export class WebVTTParser {
    parse(
      input: string,
      mode: 'subtitles' | 'chapters' | 'metadata',
    ): {
      cues: { startTime: number; endTime: number; text: string }[];
      errors: { message: string; line: number; col?: number }[];
    };
  }
  const exported: { WebVTTParser: typeof WebVTTParser };
  export default exported;
}
