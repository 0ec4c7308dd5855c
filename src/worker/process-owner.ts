/**
 * Who a file belongs to, where several workers share a data folder: a token that names one run of one process, also across
 * containers and after a restart with the same process id.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemErrorCode } from '../app-error.ts';

const token = /^(?<machine>\w+)-(?<pid>\d+)-(?<start>\d+)$/u;

/** Letters, digits, `_` and `-`. */
export const ownToken: string = `${machineName()}-${process.pid}-${processStart(process.pid) ?? 0}`;

/**
 * Whether the process is gone for certain, or, for one of another machine or container, silent for too long.
 * @param silentMs since its file was last touched.
 * @param patienceMs after which a silent process that cannot be looked at counts as gone.
 */
export function hasOwnerEnded(owner: string, silentMs: number, patienceMs: number): boolean {
  const found = token.exec(owner)?.groups;
  if (found === undefined || found['machine'] !== machineName()) return silentMs > patienceMs;
  const start = processStart(Number(found['pid']));
  return start === undefined || String(start) !== found['start'];
}

/** The host, and on Linux the process id namespace: containers may share a host name, and process 1 is in each. */
function machineName(): string {
  return `${hostname()}_${pidNamespace()}`.replaceAll(/\W/gu, '_');
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replaceAll(/\D/gu, '');
  } catch {
    return '0';
  }
}

/** Clock ticks since boot when it started; 0 where the system does not tell; undefined when it does not run. See proc(5). */
function processStart(pid: number): number | undefined {
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
