/** How fast a download is and how long it still takes, from what came in the last seconds. Pure. */

export type Sample = { atMs: number; receivedBytes: number };

/** What is older says little about the line as it is now. */
const windowMs = 15_000;
/** Over less than this a rate is chance. */
const shortestMs = 1000;
/** A sample for each piece would be thousands. */
const betweenMs = 250;

/** @param samples oldest first. @returns those that still count, with the new one. */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const previous = samples.at(-1);
  // It began again from the start: what came before counts no more.
  if (previous === undefined || sample.receivedBytes < previous.receivedBytes) return [sample];
  const recent = samples.filter(({ atMs }) => sample.atMs - atMs <= windowMs);
  // After a long silence one remains: the silence counts as well.
  const kept = recent.length === 0 ? [previous] : recent;
  const beforeLast = kept.at(-2);
  // The newest stands for the moment; it is replaced until it is far enough from the one before.
  const isClose = beforeLast !== undefined && previous.atMs - beforeLast.atMs < betweenMs;
  return [...(isClose ? kept.slice(0, -1) : kept), sample];
}

/** Undefined while too little is known. */
export function bytesPerSecond(samples: readonly Sample[]): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < shortestMs) return undefined;
  return ((last.receivedBytes - first.receivedBytes) * 1000) / (last.atMs - first.atMs);
}

/** `431.2 of 1533.8 MB, 11.2 MB/s, 1 min 39 s left`. */
export function progressText(samples: readonly Sample[], totalBytes: number | undefined): string {
  const receivedBytes = samples.at(-1)?.receivedBytes ?? 0;
  const amount =
    totalBytes === undefined ? megabytes(receivedBytes) : `${digits(receivedBytes)} of ${megabytes(totalBytes)}`;
  const rate = bytesPerSecond(samples);
  if (rate === undefined || rate === 0) return amount;
  const parts = [amount, `${megabytes(rate)}/s`];
  if (totalBytes !== undefined) parts.push(`${timeText(Math.max(0, totalBytes - receivedBytes) / rate)} left`);
  return parts.join(', ');
}

const digits = (bytes: number): string => (bytes / 1e6).toFixed(1);
const megabytes = (bytes: number): string => `${digits(bytes)} MB`;

/** `2 h 3 min`, `1 min 39 s`, `5 s`; for a rate that is close to nothing, more than a day. */
function timeText(seconds: number): string {
  if (seconds >= 86_400) return 'more than a day';
  const whole = Math.ceil(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${whole} s`;
}
