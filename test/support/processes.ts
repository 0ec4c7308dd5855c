/** What really runs on this machine. Linux tells through /proc; elsewhere a signal 0 must do. */
import { readFileSync } from 'node:fs';

/** A zombie does not run: it only waits for its parent to notice. */
export function isRunning(pid: number): boolean {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
    } catch {
      return false;
    }
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
