/** Whether this Node.js is one that stt is made for. Pure. */
import { exitCodes } from '../../exit-codes.ts';
import { type Checked, fail, ok } from '../finding.ts';

export type Program = {
  version: string;
  /** `24.15.0` */
  node: string;
  /** The oldest that will do: `24.15`. */
  oldestNode: string;
  /** `linux-x64` */
  platform: string;
};

export function checkProgram({ version, node, oldestNode, platform }: Program): Checked {
  const found = `stt ${version}, Node.js ${node} (${platform})`;
  if (isOlder(node, oldestNode)) {
    const fix = `Install Node.js ${oldestNode} or later, and see that it comes first in PATH.`;
    return fail(`${found}: too old`, fix, 'STT_NODE_TOO_OLD', exitCodes.unavailable);
  }
  return ok(found, undefined);
}

function isOlder(version: string, than: string): boolean {
  const [have, want] = [version, than].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (const [index, wanted] of (want ?? []).entries()) {
    const had = have?.[index] ?? 0;
    if (had !== wanted) return had < wanted;
  }
  return false;
}
