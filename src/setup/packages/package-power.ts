/** What this machine lets us do about packages: which manager is there, who may use it, which repositories it has. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { OperatingSystem } from '../detect/machine.ts';
import { findEnabledRepositories, type Look } from './find-needs.ts';
import { answers } from './find-tools.ts';
import { familyOf } from './package-table.ts';
import { managersOf, type PackageManager } from './packages.ts';

export type PackagePower = {
  manager: PackageManager | undefined;
  isRoot: boolean;
  hasSudo: boolean;
  /** The system itself is an image that packages are not installed in: Silverblue, Kinoite, Bazzite. */
  isImage: boolean;
  /** Names of the table. */
  enabledRepositories: readonly string[];
};

/** @param os undefined: the package manager tells the family. */
export async function findPackagePower(os: OperatingSystem | undefined, look: Look): Promise<PackagePower> {
  const isRoot = process.getuid?.() === 0;
  return {
    manager: await findManager(os, look.signal),
    isRoot,
    hasSudo: !isRoot && (await answers('sudo --version', look.signal)),
    isImage: await isImage(look.root ?? '/'),
    enabledRepositories: await findEnabledRepositories(Object.keys(look.table.repositories), look),
  };
}

async function findManager(os: OperatingSystem | undefined, signal: AbortSignal): Promise<PackageManager | undefined> {
  for (const manager of managersOf(familyOf(os))) if (await answers(`${manager} --version`, signal)) return manager;
  return undefined;
}

/** A container on such a machine is none itself. */
async function isImage(root: string): Promise<boolean> {
  return (await exists(root, '/run/ostree-booted')) && !(await exists(root, '/run/.containerenv'));
}

async function exists(root: string, file: string): Promise<boolean> {
  try {
    await access(path.join(root, file));
    return true;
  } catch {
    return false;
  }
}
