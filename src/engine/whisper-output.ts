/** What whisper-cli says while it works: percents, segments as they are heard, the language it took, a model without content. Pure. */

/** `whisper_print_progress_callback: progress =  35%` -> 0.35. */
export function parseProgress(line: string): number | undefined {
  const percent = /progress\s*=\s*(\d{1,3})%/u.exec(line)?.[1];
  return percent === undefined ? undefined : Math.min(1, Number(percent) / 100);
}

/** `[00:00:00.460 --> 00:00:00.820]   five` -> 0.82: the end of a segment, in seconds. */
export function parseSegmentEnd(line: string): number | undefined {
  const end = /^\[[\d:.]+ --> (\d{2,}):(\d{2}):(\d{2}\.\d{3})\]/u.exec(line);
  return end === null ? undefined : Number(end[1]) * 3600 + Number(end[2]) * 60 + Number(end[3]);
}

/** `...: auto-detected language: de (p = 0.98)` -> `de`. */
export function parseDetectedLanguage(line: string): string | undefined {
  return /auto-detected language: ([a-z]{2,3})\b/u.exec(line)?.[1];
}

/** `WARN no tensors loaded from model file - assuming empty model for testing`: it goes on, and hears nothing in anything. */
export function saysModelIsEmpty(line: string): boolean {
  return line.includes('no tensors loaded');
}

const troubles: [RegExp, string][] = [
  [
    /failed to open '.*' for writing|No space left on device|Disk quota exceeded|Read-only file system/u,
    'it could not write',
  ],
  [/std::bad_alloc|out of memory|OutOfDeviceMemory|OutOfHostMemory|failed to allocate/iu, 'it ran out of memory'],
];

/** `error: failed to open '/w/a.vtt' for writing` -> `it could not write`: nothing that a recording can bring about. */
export function parseMachineTrouble(line: string): string | undefined {
  return troubles.find(([pattern]) => pattern.test(line))?.[1];
}
