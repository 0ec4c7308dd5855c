/** When a process started: with its id, that names one process for good, since ids are used again. */
import { readFileSync } from 'node:fs';
import { systemErrorCode } from './app-error.ts';

/** Clock ticks since boot when it started; 0 where the system does not tell; undefined when it does not run. See proc(5). */
export function processStart(pid: number): number | undefined {
  if (process.platform !== 'linux') return isAlive(pid) ? 0 : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}
