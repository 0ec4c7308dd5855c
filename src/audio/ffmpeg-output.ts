/** What ffmpeg says about a file on standard error: its length, and in plain words why it could not be read. Pure. */

import { printable } from '../printable.ts';

/** What a claimed length is worth. */
export type DurationSource =
  /** The file says to the sample how much audio follows. */
  | 'exact'
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
  const source = durationSource(lines);
  const ofAudio = source === 'file' ? audioStreamSeconds(lines) : undefined;
  if (ofAudio !== undefined) return { durationSeconds: ofAudio, durationSource: 'audio' };
  return { durationSeconds: secondsIn(duration), durationSource: source };
}

/** Matroska: `DURATION : 00:00:25.680000000` among what the file says of its first audio stream. */
function audioStreamSeconds(lines: readonly string[]): number | undefined {
  const begin = lines.findIndex((line) => /^ {2}Stream #0:\d.*: Audio: /u.test(line));
  const rest = lines.slice(begin + 1);
  const end = rest.findIndex((line) => !line.startsWith('   '));
  const pattern = /^ {6}DURATION {2,}: (?<hours>\d+):(?<minutes>\d{2}):(?<seconds>\d{2}(?:\.\d+)?)$/u;
  return secondsIn(
    rest
      .slice(0, end)
      .map((line) => pattern.exec(line)?.groups)
      .find((groups) => groups !== undefined),
  );
}

function secondsIn(time: Record<string, string> | undefined): number | undefined {
  if (time === undefined) return undefined;
  return Number(time['hours']) * 3600 + Number(time['minutes']) * 60 + Number(time['seconds']);
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
  [/Cannot allocate memory/u, 'it takes more memory than any recording should'],
  [/moov atom not found/u, 'it is cut off: the index of the file is missing'],
  [/misdetection possible|Invalid data found when processing input/u, 'it is not audio, or damaged from the start'],
];

/** Completes "The recording cannot be read: ...". */
export function reasonOf(lines: readonly string[]): string {
  const known = reasons.find(([pattern]) => lines.some((line) => pattern.test(line)));
  if (known !== undefined) return known[1];
  const last = lines.findLast((line) => !line.startsWith(' '))?.replace(/^\[[^\]]*\] /u, '');
  return last === undefined ? 'ffmpeg does not say why' : `ffmpeg says "${printable(last)}"`;
}

/** What a file without an index says when its end is missing. */
export function endedTooSoon(lines: readonly string[]): boolean {
  return lines.some((line) => line.includes('File ended prematurely'));
}

/** The machine's fault, not the recording's. */
export function isDiskFull(lines: readonly string[]): boolean {
  return lines.some((line) => /No space left on device|Disk quota exceeded/u.test(line));
}
