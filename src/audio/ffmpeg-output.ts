/** What ffmpeg says about a file on standard error: its length, and in plain words why it could not be read. Pure. */

/** What a claimed length is worth. */
export type DurationSource =
  /** The file says how long its audio is. */
  | 'audio'
  /** Guessed from size and bit rate (mp3 without a header, a cut wav): may be far off. */
  | 'estimate'
  /** The longest of several streams: a film may go on after its sound. */
  | 'file';

export type FfmpegFacts = {
  /** As the file claims, in seconds; undefined where it does not. */
  durationSeconds: number | undefined;
  durationSource: DurationSource;
};

/** @param lines what ffmpeg says while it opens the file. */
export function readFacts(lines: readonly string[]): FfmpegFacts {
  // Metadata are indented deeper, so a title cannot pass for a duration or a stream.
  const duration = lines
    .map((line) => /^ {2}Duration: (?<hours>\d+):(?<minutes>\d{2}):(?<seconds>\d{2}(?:\.\d+)?)/u.exec(line)?.groups)
    .find((groups) => groups !== undefined);
  return {
    durationSeconds:
      duration === undefined
        ? undefined
        : Number(duration['hours']) * 3600 + Number(duration['minutes']) * 60 + Number(duration['seconds']),
    durationSource: durationSource(lines),
  };
}

function durationSource(lines: readonly string[]): DurationSource {
  const outputBegins = lines.findIndex((line) => line.startsWith('Stream mapping:'));
  const inputLines = outputBegins === -1 ? lines : lines.slice(0, outputBegins);
  // A cover picture has no length of its own.
  const streams = inputLines.filter((line) => /^ {2}Stream #0:\d/u.test(line) && !line.includes('(attached pic)'));
  if (streams.length > 1) return 'file';
  return lines.some((line) => line.includes('Estimating duration from bitrate')) ? 'estimate' : 'audio';
}

/** `out_time_us=6003938` of -progress, in seconds. */
export function parseDecodedSeconds(line: string): number | undefined {
  const microseconds = /^out_time_us=(\d+)$/u.exec(line)?.[1];
  return microseconds === undefined ? undefined : Number(microseconds) / 1e6;
}

const reasons: [RegExp, string][] = [
  [/Format not on whitelist/u, 'it is a playlist or another kind of file that is no recording'],
  [/matches no streams/u, 'it has no audio'],
  [/moov atom not found/u, 'it is cut off: the index of the file is missing'],
  [/misdetection possible|Invalid data found when processing input/u, 'it is not audio, or damaged from the start'],
];

/** Completes "The recording cannot be read: ...". */
export function reasonOf(lines: readonly string[]): string {
  const known = reasons.find(([pattern]) => lines.some((line) => pattern.test(line)));
  if (known !== undefined) return known[1];
  const last = lines.findLast((line) => !line.startsWith(' '))?.replace(/^\[[^\]]*\] /u, '');
  return last === undefined ? 'ffmpeg does not say why' : `ffmpeg says "${last}"`;
}

/** The machine's fault, not the recording's. */
export function isDiskFull(lines: readonly string[]): boolean {
  return lines.some((line) => /No space left on device|Disk quota exceeded/u.test(line));
}
