/** Compiles the fault shim (see `fault-shim.c`) for this machine and tells it what to do. Linux with a C compiler only. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runChild } from '../../src/run-child.ts';

export type FaultPlan = {
  /** `write` stands for pwrite and writev too; `open` is opening for writing. */
  operations: readonly ('fsync' | 'fdatasync' | 'link' | 'unlink' | 'rename' | 'write' | 'open' | 'ftruncate')[];
  /** Part of the paths that are meant; no spaces. */
  part: string;
  /** Which call it is, counted from 1 since the plan was armed. */
  number: number;
  action: 'kill' | 'EIO' | 'ENOSPC';
};

export type FaultShim = {
  /** For the process whose calls shall fail. */
  env: Record<string, string>;
  arm: (plan: FaultPlan) => Promise<void>;
  /** @returns what the plan has hit since it was armed: `3 fsync /tmp/...`; undefined where the call never came. */
  disarm: () => Promise<string | undefined>;
};

/** @returns undefined where it cannot be built. */
export async function buildFaultShim(folder: string): Promise<FaultShim | undefined> {
  if (process.platform !== 'linux') return undefined;
  const library = path.join(folder, 'fault-shim.so');
  const source = path.join(import.meta.dirname, 'fault-shim.c');
  const args = ['-shared', '-fPIC', '-O1', '-D_LARGEFILE64_SOURCE', '-o', library, source, '-ldl'];
  const end = await runChild({ file: 'cc', args }).catch(() => undefined);
  if (end?.exitCode !== 0) return undefined;
  const plan = path.join(folder, 'fault-plan');
  let serial = 0;
  return {
    env: { LD_PRELOAD: library, TEST_FAULT_PLAN: plan },
    async arm({ operations, part, number, action }) {
      await rm(`${plan}.hits`, { force: true });
      serial += 1;
      await writeFile(plan, `${serial} ${operations.join(',')} ${part} ${number} ${action}`);
    },
    async disarm() {
      await rm(plan, { force: true });
      const hits = await readFile(`${plan}.hits`, 'utf8').catch(() => undefined);
      return hits?.trim();
    },
  };
}
