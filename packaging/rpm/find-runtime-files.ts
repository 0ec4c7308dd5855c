/**
 * Finds what the server needs at run time: its entries and all of dist/server (threads are started by file name), what those import from
 * dist/src, and the npm packages that any of them imports, with the dependencies of these. Whole packages, since some load parts of
 * themselves by names that nobody can read off; but without what no program reads. Reads only.
 */
import { glob, open, readFile } from 'node:fs/promises';
import path from 'node:path';

export type RuntimeFiles = {
  /** From the folder of the build. */
  programFiles: string[];
  /** By folder. */
  packages: BundledPackage[];
};

export type BundledPackage = {
  name: string;
  version: string;
  /** An SPDX expression. */
  licence: string;
  /** From the folder of node_modules' parent: `node_modules/pino`. */
  folder: string;
  /** From its folder. */
  files: string[];
};

/**
 * @param build holds bin/ and dist/, compiled.
 * @param home holds node_modules.
 */
export async function findRuntimeFiles(build: string, home: string): Promise<RuntimeFiles> {
  const entries = ['bin/stt-server.js'];
  for await (const file of glob('dist/server/**/*.js', { cwd: build })) entries.push(file);
  const { files, imported } = await followImports(build, entries);
  const packages = await packagesWithDependencies(home, imported);
  return { programFiles: files, packages };
}

/** `from '...'`, `import '...'`, `import('...')`, as the compiler writes them. */
const importPattern = /\b(?:from\s*|import\s*\(?\s*)(['"])([^'"\n]+)\1/gu;

async function followImports(build: string, entries: readonly string[]) {
  const files = new Set(entries);
  const imported = new Set<string>();
  // It grows while it is walked through.
  for (const file of files) {
    const source = await readFile(path.join(build, file), 'utf8');
    for (const [, , name = ''] of source.matchAll(importPattern)) {
      if (name.startsWith('.')) files.add(path.join(path.dirname(file), name));
      else if (!name.startsWith('node:')) imported.add(packageNameOf(name));
    }
  }
  return { files: [...files].toSorted(), imported };
}

/** `@oclif/core/lib/x` is of `@oclif/core`. */
function packageNameOf(imported: string): string {
  return imported
    .split('/')
    .slice(0, imported.startsWith('@') ? 2 : 1)
    .join('/');
}

type Manifest = {
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

async function packagesWithDependencies(home: string, imported: ReadonlySet<string>): Promise<BundledPackage[]> {
  const found = new Map<string, BundledPackage>();
  const wanted = [...imported].map((name) => ({ name, by: '', isOptional: false }));
  for (const { name, by, isOptional } of wanted) {
    const at = await findPackage(home, by, name);
    if (at === undefined) {
      if (isOptional) continue;
      throw new Error(`The package ${name}, which ${by || 'the server'} imports, is not in node_modules.`);
    }
    const { folder, manifest } = at;
    if (found.has(folder)) continue;
    const { version, license = '' } = manifest;
    found.set(folder, { name, version, licence: license, folder, files: await filesOf(path.join(home, folder)) });
    const add = (names: object = {}, isOptional: boolean) =>
      wanted.push(...Object.keys(names).map((name) => ({ name, by: folder, isOptional })));
    // npm writes optional ones into both.
    const optional = manifest.optionalDependencies ?? {};
    add(Object.fromEntries(Object.entries(manifest.dependencies ?? {}).filter(([name]) => !(name in optional))), false);
    add(optional, true);
  }
  return [...found.values()].toSorted((one, other) => (one.folder < other.folder ? -1 : 1));
}

/** As Node.js looks for it: from the package that wants it upwards. */
async function findPackage(home: string, by: string, name: string) {
  for (let from = by; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    const folder = path.posix.join(from, 'node_modules', name);
    const text = await readFile(path.join(home, folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return { folder, manifest: JSON.parse(text) as Manifest };
    if (from === '') return undefined;
  }
}

const unreadEndings = /\.(?:[cm]?ts|map|md|markdown|flow|tsbuildinfo|yml|yaml|lock|html|cmd)$/u;
const unreadFolders = new Set(
  'test tests __tests__ bench benchmark benchmarks coverage doc docs example examples fixture fixtures tap-snapshots'.split(
    ' ',
  ),
);
const unreadNames = /^(?:eslint\.config|example|bench|benchmark|test|Gruntfile|gulpfile|Makefile)\b/u;
/** Whoever passes on a package passes on its terms. */
const isTerms = (name: string): boolean => /^(?:licen[cs]e|copying|notice|copyright)/iu.test(name);

async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of glob('**/*', { cwd: folder, withFileTypes: true })) {
    const file = path.relative(folder, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && isReadAtRunTime(file) && !(await beginsAsProgram(path.join(folder, file)))) files.push(file);
  }
  return files.toSorted();
}

/** The command-line programs of packages, which nobody imports. */
async function beginsAsProgram(file: string): Promise<boolean> {
  await using opened = await open(file);
  const { buffer } = await opened.read(Buffer.alloc(2), 0, 2, 0);
  return buffer.toString('latin1') === '#!';
}

/** @param file from the folder of its package. */
export function isReadAtRunTime(file: string): boolean {
  const parts = file.split('/');
  const name = parts.at(-1) ?? '';
  // A package within has its own turn; a name that begins with a dot is a tool's.
  if (parts.includes('node_modules')) return false;
  if (isTerms(name)) return true;
  if (parts.some((part) => part.startsWith('.'))) return false;
  const isAtTop = parts.length === 1;
  return !unreadFolders.has(parts[0] ?? '') && !unreadEndings.test(name) && !(isAtTop && unreadNames.test(name));
}
