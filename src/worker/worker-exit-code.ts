/** The exit code of a run that came to its end in order. Pure. */
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { RunMode } from './pipeline/supply.ts';
import type { Summary } from './worker-event.ts';

/** @param signal the signal that stopped the run, or null. */
export function workerExitCode(summary: Summary, mode: RunMode, signal: NodeJS.Signals | null): ExitCode {
  if (signal !== null) return signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.ok;
  if (mode === 'forever') return exitCodes.ok;
  if (summary.failed + summary.refused > 0) return exitCodes.data;
  return summary.waiting > 0 ? exitCodes.temporary : exitCodes.ok;
}
