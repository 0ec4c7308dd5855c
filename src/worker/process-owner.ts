/**
 * Who a file belongs to, where several workers share a data folder: a token that names one run of one process, also across
 * containers and after a restart with the same process id.
 */
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { processStart } from '../process-start.ts';

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
