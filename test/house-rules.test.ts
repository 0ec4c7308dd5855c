/** The lint rules of the house really bite: each is broken once in a small tree, and must be reported there. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../src/package-folder.ts';
import { runChild } from '../src/run-child.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const house = suite('rules of the house');

/** What oxlint says of a tree with these files, a line a report. */
async function lint(files: Record<string, string>): Promise<string[]> {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(folder.join(name)), { recursive: true });
    await writeFile(folder.join(name), text);
  }
  await copyFile(path.join(packageFolder, 'oxlint.config.ts'), folder.join('oxlint.config.ts'));
  const compilerOptions = { strict: true, module: 'nodenext', allowImportingTsExtensions: true, noEmit: true };
  await writeFile(folder.join('tsconfig.json'), JSON.stringify({ compilerOptions }));
  const end = await runChild({
    file: process.execPath,
    args: [oxlint, '--type-aware', '--format=unix', '.'],
    cwd: folder.path,
    env: { OXLINT_TSGOLINT_PATH: path.join(packageFolder, 'node_modules', '.bin', 'tsgolint') },
    stdoutLimitBytes: 1_000_000,
  });
  return end.stdout.split('\n');
}

const oxlint = path.join(packageFolder, 'node_modules', 'oxlint', 'bin', 'oxlint');
const leaf = 'export const leaf = 1;\n';
const importing = (from: string): string => `import { leaf } from '${from}';\nexport const value = leaf;\n`;

/** File that breaks a rule, its text, and what must be said. */
const violations: [rule: string, file: string, text: string, said: RegExp][] = [
  ['src never imports server', 'src/worker/broken-1.ts', importing('../../server/leaf.ts'), /no-restricted-imports/u],
  [
    'the server does not import the worker',
    'server/http/broken-2.ts',
    importing('../../src/worker/leaf.ts'),
    /no-restricted-imports/u,
  ],
  [
    'the server does not import set-up',
    'server/broken-3.ts',
    importing('../src/setup/leaf.ts'),
    /no-restricted-imports/u,
  ],
  [
    'business code does not import commands',
    'src/setup/broken-4.ts',
    importing('../commands/leaf.ts'),
    /no-restricted-imports/u,
  ],
  [
    'adapters do not import the worker',
    'src/engine/broken-5.ts',
    importing('../worker/leaf.ts'),
    /no-restricted-imports/u,
  ],
  ['a service knows no engine', 'src/service/broken-17.ts', importing('../engine/leaf.ts'), /no-restricted-imports/u],
  ['the wire depends on nothing', 'src/protocol/broken-6.ts', importing('../config/leaf.ts'), /no-restricted-imports/u],
  ['leaves do not import folders', 'src/broken-7.ts', importing('./config/leaf.ts'), /no-restricted-imports/u],
  ['only tests import from test', 'src/worker/broken-8.ts', importing('../../test/leaf.ts'), /no-restricted-imports/u],
  [
    'programs are started in one place',
    'src/worker/broken-9.ts',
    `import { spawn } from 'node:child_process';\nexport const s = spawn;\n`,
    /no-restricted-imports/u,
  ],
  [
    'SQLite has one home',
    'server/queue/broken-10.ts',
    `import { DatabaseSync } from 'node:sqlite';\nexport const s = DatabaseSync;\n`,
    /no-restricted-imports/u,
  ],
  [
    'got has one home',
    'src/worker/broken-11.ts',
    `import got from 'got';\nexport const s = got;\n`,
    /no-restricted-imports/u,
  ],
  [
    'the environment has one reader',
    'src/worker/broken-12.ts',
    'export const home = process.env.HOME;\n',
    /no-process-env/u,
  ],
  [
    'signals have one listener',
    'src/worker/broken-13.ts',
    `process.on('SIGTERM', () => {});\n`,
    /no-restricted-properties/u,
  ],
  ['nobody calls process.exit', 'server/broken-14.ts', 'process.exit(1);\n', /no-restricted-properties/u],
  ['promises are awaited', 'src/worker/broken-15.ts', 'async function f() {}\nf();\n', /no-floating-promises/u],
  ['exports are named', 'src/worker/broken-16.ts', 'export default 1;\n', /no-default-export/u],
  ['files are kebab-case', 'src/worker/camelCase.ts', leaf, /filename-case/u],
  [
    'no cycles',
    'src/worker/cycle.ts',
    `import { leaf } from './cycle-back.ts';\nexport const value = leaf;\n`,
    /no-cycle/u,
  ],
];

const tree = {
  'server/leaf.ts': leaf,
  'src/worker/leaf.ts': leaf,
  'src/setup/leaf.ts': leaf,
  'src/engine/leaf.ts': leaf,
  'src/commands/leaf.ts': leaf,
  'src/config/leaf.ts': leaf,
  'src/protocol/leaf.ts': leaf,
  'test/leaf.ts': leaf,
  'src/worker/cycle-back.ts': `import { value } from './cycle.ts';\nexport const leaf = value;\n`,
};

const allowed = {
  'server/http/allowed.ts': importing('../../src/protocol/leaf.ts'),
  'src/worker/allowed.ts': importing('../config/leaf.ts'),
  'src/run-child.ts': `import { spawn } from 'node:child_process';\nexport const s = spawn;\n`,
};

const broken = Object.fromEntries(violations.map(([, file, text]) => [file, text]));
const reports = await lint({ ...tree, ...allowed, ...broken });

for (const [rule, file, , said] of violations) {
  house(rule, () => {
    const ofFile = reports.filter((report) => report.includes(`${file}:`));
    assert.ok(
      ofFile.some((report) => said.test(report)),
      `not reported for ${file}:\n${ofFile.join('\n')}`,
    );
  });
}

house('what is allowed is not reported', () => {
  for (const file of [...Object.keys(allowed), 'src/worker/leaf.ts']) {
    assert.equal(
      reports.filter((report) => report.includes(`${file}:`)),
      [],
    );
  }
});

house.run();
