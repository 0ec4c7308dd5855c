/** What really runs on this machine, from /proc. A zombie does not run: it only waits for its parent to notice. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return undefined;
  }
}

export function isRunning(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && !'ZX'.includes(state);
}

export type RunningProcess = { pid: number; commandLine: string; workingFolder: string };

function describe(pid: number): RunningProcess | undefined {
  try {
    return {
      pid,
      commandLine: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
      workingFolder: readlinkSync(`/proc/${pid}/cwd`),
    };
  } catch {
    return undefined;
  }
}

/** The running programs that name `text` in their command line, or work in a folder of that name. */
export function processesOf(text: string): RunningProcess[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && isRunning(pid))
    .flatMap((pid) => describe(pid) ?? [])
    .filter(({ commandLine, workingFolder }) => commandLine.includes(text) || workingFolder.includes(text));
}
