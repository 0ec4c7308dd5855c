/**
 * The rules of the house, as data: which folder may import which, and which one file may use which package or power.
 * oxlint's overrides replace a rule's options instead of adding to them, so the list for each folder is computed here.
 */
import type { OxlintConfig } from 'oxlint';

/** Layer -> what it must not import (glob patterns over the import path), and why. */
const layers: Record<string, { files: string[]; mustNot: string[]; because: string }> = {
  leaves: {
    files: ['src/*.ts'],
    mustNot: [
      './commands/**',
      './config/**',
      './setup/**',
      './worker/**',
      './engine/**',
      './audio/**',
      './models/**',
      './download/**',
      './doctor/**',
      './demo/**',
      './service/**',
    ],
    because: 'A leaf knows nothing of the rest.',
  },
  config: {
    files: ['src/config/**'],
    mustNot: [
      '../commands/**',
      '../setup/**',
      '../worker/**',
      '../engine/**',
      '../audio/**',
      '../models/**',
      '../download/**',
      '../doctor/**',
      '../demo/**',
      '../service/**',
    ],
    because: 'Settings are read by everybody and know nobody.',
  },
  protocol: {
    files: ['src/protocol/**'],
    mustNot: ['../*/**'],
    because: 'The wire is shared with the server and depends on nothing.',
  },
  tools: {
    files: ['src/engine/**', 'src/audio/**', 'src/models/**', 'src/download/**'],
    mustNot: ['../commands/**', '../setup/**', '../worker/**', '../doctor/**', '../demo/**', '../service/**'],
    because: 'Adapters for programs, files and downloads do not know who uses them.',
  },
  service: {
    files: ['src/service/**'],
    mustNot: ['../{commands,setup,worker,engine,audio,models,download,doctor,demo}/**'],
    because: 'A service is made of settings and leaves, for whichever program it is told.',
  },
  work: {
    files: ['src/worker/**', 'src/setup/**', 'src/doctor/**', 'src/demo/**'],
    mustNot: ['**/commands/**'],
    because: 'Business code does not know of flags.',
  },
  // Before `server`, which would match as well. Its commands show errors the way all commands do: src/commands/base-command.ts.
  serverCommands: {
    files: ['server/commands/**'],
    mustNot: ['**/src/{setup,worker,engine,audio,models,download,doctor,demo}/**'],
    because: 'A command of the server takes from src what the server takes, and the base of all commands.',
  },
  server: {
    files: ['server/**'],
    mustNot: ['**/src/{commands,setup,worker,engine,audio,demo,service}/**'],
    because: 'The server takes only the wire, the settings and leaves from src.',
  },
};

/** Package or built-in -> the files that may import it. */
const homes: Record<string, { files: string[]; because: string }> = {
  got: {
    files: ['src/worker/wire/server-client.ts', 'src/download/download.ts'],
    because: 'HTTP is spoken in one place each way.',
  },
  'node:child_process': { files: ['src/run-child.ts'], because: 'Every child has an owner that ends it: run-child.' },
  'node:sqlite': { files: ['server/queue/sqlite/**'], because: 'The queue sees its interface only.' },
  dotenv: { files: ['src/config/env-file.ts'], because: 'Settings files are read, and written, in one way.' },
  diff: { files: ['src/service/overwrite-consent.ts'], because: 'What differs is shown in one way.' },
  leven: {
    files: ['src/closest-names.ts', 'src/config/unknown-settings.ts'],
    because: 'What is close to a name is judged in one place, what is close to a setting in another.',
  },
  pino: { files: ['src/logger.ts'], because: 'Loggers are made in one place.' },
  'node-cron': { files: ['src/worker/schedule/cron-starts.ts'], because: 'Cron expressions are read in one place.' },
  'cli-progress': { files: ['src/progress.ts'], because: 'Progress looks the same everywhere.' },
  'prom-client': { files: ['server/metrics/**'], because: 'Names and labels of metrics are chosen in one place.' },
  'rate-limiter-flexible': { files: ['server/access/guess-limiter.ts'], because: 'Guesses are counted in one place.' },
  'webvtt-parser': { files: ['src/protocol/web-vtt.ts'], because: 'One reading of WebVTT on both sides.' },
  'secure-json-parse': { files: ['server/http/strict-json.ts'], because: 'JSON of strangers is read in one way.' },
  systeminformation: {
    files: ['src/setup/detect/gather-facts.ts'],
    because: 'Facts of the machine are gathered in one place.',
  },
  tar: { files: ['src/setup/source/unpack.ts'], because: 'Archives are hostile: one place to be careful.' },
  '@oclif/core': {
    files: ['bin/**', 'src/commands/**', 'server/commands/**', 'packaging/documents/**'],
    because: 'Only commands know of flags.',
  },
};

/** The CLI's door to the server: `stt serve` is `stt-server`. */
const mayImportServer = ['src/commands/serve.ts'];

const bannedPackages = (except: string[] = []) =>
  Object.entries(homes)
    .filter(([name]) => !except.includes(name))
    .map(([name, { because }]) => ({ name, message: because }));

const bannedPatterns = (layer?: { mustNot: string[]; because: string }, serverToo = true) => [
  { group: ['**/test/**'], message: 'Only tests import from test/.' },
  ...(serverToo ? [{ group: ['**/server/**'], message: 'src never imports server.' }] : []),
  ...(layer === undefined ? [] : [{ group: layer.mustNot, message: layer.because }]),
];

const restrict = (files: string[], paths: object[], patterns: object[]) => ({
  files,
  rules: { 'eslint/no-restricted-imports': ['error', { paths, patterns }] },
});

const layerOverrides = Object.entries(layers).map(([name, layer]) =>
  restrict(layer.files, bannedPackages(), bannedPatterns(layer, name !== 'server')),
);

const folderOf = (file: string) => Object.values(layers).find(({ files }) => files.some((glob) => matches(glob, file)));
const matches = (glob: string, file: string) =>
  glob.endsWith('/**')
    ? file.startsWith(glob.slice(0, -2))
    : file.split('/').length === glob.split('/').length && file.startsWith(glob.slice(0, -4));

const homeFiles = [...new Set(Object.values(homes).flatMap(({ files }) => files))];
const homeOverrides = homeFiles.map((file) => {
  const allowed = Object.entries(homes)
    .filter(([, home]) => home.files.includes(file))
    .map(([name]) => name);
  return restrict([file], bannedPackages(allowed), bannedPatterns(folderOf(file), !file.startsWith('server/')));
});

export default {
  plugins: ['typescript', 'unicorn', 'import', 'node', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  ignorePatterns: ['dist', 'whisper/demo-model'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/return-await': ['error', 'in-try-catch'],
    'eslint/eqeqeq': 'error',
    'eslint/no-console': 'error',
    'eslint/no-param-reassign': 'error',
    'eslint/max-lines': ['error', { max: 320, skipBlankLines: true, skipComments: true }],
    'node/no-process-env': 'error',
    'eslint/no-restricted-properties': [
      'error',
      { object: 'process', property: 'exit', message: 'Set process.exitCode; owners end what they started.' },
      { object: 'process', property: 'on', message: 'Signals live in src/shutdown.ts.' },
    ],
    'eslint/no-restricted-imports': ['error', { paths: bannedPackages(), patterns: bannedPatterns() }],

    // One step after another is what a pipeline does; where steps may overlap, the code says so.
    'eslint/no-await-in-loop': 'off',
    // Small objects made by spreading are clear; the hot paths are measured.
    'oxc/no-map-spread': 'off',
    'eslint/no-shadow': 'off',
    // A small function reads best beside its only use.
    'unicorn/consistent-function-scoping': 'off',
    // Narrowing what a schema, a table or a test has just established; `any` stays forbidden.
    'typescript/no-unsafe-type-assertion': 'off',
  },
  overrides: [
    ...layerOverrides,
    ...homeOverrides,
    restrict(mayImportServer, bannedPackages(['@oclif/core']), bannedPatterns(undefined, false)),
    // Environment and signals have one home each.
    { files: ['src/config/load-settings.ts', 'src/run-child.ts'], rules: { 'node/no-process-env': 'off' } },
    { files: ['src/shutdown.ts'], rules: { 'eslint/no-restricted-properties': 'off' } },
    // oclif finds commands by their default-less index; tools of other people want a default export.
    { files: ['oxlint.config.ts', '**/*.d.ts'], rules: { 'import/no-default-export': 'off' } },
    // Tests play both sides, start programs and print.
    {
      files: ['**/*.test.ts', '**/*.conformance.ts', '**/testing/**', 'test/**', 'bin/**'],
      rules: {
        'eslint/no-restricted-imports': 'off',
        'eslint/no-console': 'off',
        'node/no-process-env': 'off',
        'eslint/no-restricted-properties': 'off',
      },
    },
  ],
} satisfies OxlintConfig;
