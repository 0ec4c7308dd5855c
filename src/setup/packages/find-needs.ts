/** Which needs this machine lacks, by the signs in the table: programs that answer, modules of pkg-config, files in the usual folders. */
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { answers } from './find-tools.ts';
import type { Need } from './needs.ts';
import type { PackageTable, Sign } from './package-table.ts';

export type Look = {
  table: PackageTable;
  signal: AbortSignal;
  /** Where the file system begins; tests have their own. */
  root?: string;
};

export async function findMissingNeeds(needs: readonly Need[], look: Look): Promise<Need[]> {
  const present = await Promise.all(needs.map((need) => seesAny(look.table.needs[need].seenBy, look)));
  return needs.filter((_, index) => !present[index]);
}

/** Of the repositories in the table, those whose packages can be had already. */
export async function findEnabledRepositories(names: readonly string[], look: Look): Promise<string[]> {
  const enabled = await Promise.all(names.map((name) => seesAny(look.table.repositories[name]?.enabledBy ?? [], look)));
  return names.filter((_, index) => enabled[index]);
}

async function seesAny(signs: readonly Sign[], look: Look): Promise<boolean> {
  for (const sign of signs) if (await sees(sign, look)) return true;
  return false;
}

async function sees(sign: Sign, look: Look): Promise<boolean> {
  const { table, root = '/' } = look;
  const { folders } = table;
  const { command, pkgConfig, header, library, cmakeConfig, file } = sign;
  const program = command?.startsWith('/') ? path.join(root, command) : command;
  if (program !== undefined && !(await answers(program, look.signal))) return false;
  if (pkgConfig !== undefined && !(await answers(`pkg-config --exists ${pkgConfig}`, look.signal))) return false;
  if (header !== undefined && !(await isThere(folders.include, header, look, sign.containing))) return false;
  if (library !== undefined && !(await isThere(folders.library, library, look))) return false;
  if (cmakeConfig !== undefined && !(await isThere(folders.cmake, cmakeConfig, look))) return false;
  return file === undefined || isThere(['/'], file, look);
}

async function isThere(
  folders: readonly string[],
  name: string,
  { root = '/' }: Look,
  containing = '',
): Promise<boolean> {
  const patterns = folders.map((folder) => path.join(root, folder, name));
  for await (const found of glob(patterns)) {
    if (containing === '' || (await readFile(found, 'utf8')).includes(containing)) return true;
  }
  return false;
}
