/** `--json`: each event as one line of JSON on standard output, with the time. */
import type { Report } from './worker-event.ts';

export function createJsonReport(write: (line: string) => void, now: () => number): Report {
  return (event) => write(`${JSON.stringify({ time: new Date(now()).toISOString(), ...event })}\n`);
}
