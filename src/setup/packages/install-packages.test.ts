import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakePrograms, fakePrograms } from '../../../test/support/fake-programs.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { buildTools, runtimeTools } from './find-tools.ts';
import { provideTools, type ProvideToolsOptions } from './install-packages.ts';

const run = suite('provideTools');

/** A machine with everything except cmake, whose package manager brings it. */
const machine = (install = 'printf "#!/bin/sh\\n" > "${0%/*}/cmake"; /bin/chmod 755 "${0%/*}/cmake"') => ({
  ...Object.fromEntries(['ffmpeg', 'ffprobe', 'ninja', 'cc', 'c++'].map((name) => [name, ''])),
  env: 'exec /usr/bin/env "$@"',
  sudo: 'exec "$@"',
  'apt-get': `case "$1" in install) ${install};; esac`,
});

const options = (more: Partial<ProvideToolsOptions> = {}): ProvideToolsOptions & { said: string[] } => {
  const said: string[] = [];
  return {
    consent: 'ask',
    ask: undefined,
    say: (line) => said.push(line),
    signal: new AbortController().signal,
    said,
    ...more,
  };
};

const allTools = [...runtimeTools, ...buildTools];

const managerCalls = async (programs: FakePrograms): Promise<string[]> =>
  (await programs.calls()).filter((call) => call.startsWith('apt-get ') && !call.includes('--version'));

run('does nothing where nothing is missing, and does not look for a package manager', async () => {
  await using programs = await fakePrograms({ ...machine(), cmake: '' }, true);
  await provideTools(allTools, options());
  assert.not.ok((await programs.calls()).some((call) => call.startsWith('apt-get')));
});

run('says what is missing and what it runs, updates the lists, installs, and looks again', async () => {
  await using programs = await fakePrograms(machine(), true);
  const asked = options({ consent: 'yes' });
  await provideTools(allTools, asked);
  assert.equal(await managerCalls(programs), ['apt-get update', 'apt-get install -y --no-install-recommends cmake']);
  assert.match(
    asked.said.join('\n'),
    /Missing, to build whisper\.cpp: cmake\n.*\n.*apt-get update\n.*apt-get install/u,
  );
});

run('asks once, and a no leaves the machine as it is', async () => {
  await using programs = await fakePrograms(machine(), true);
  const questions: string[] = [];
  const ask = (question: string): Promise<boolean> => {
    questions.push(question);
    return Promise.resolve(false);
  };
  const error = await rejects(provideTools(allTools, options({ ask })), /You chose not to/u);
  assert.is(error['exitCode'], 69);
  assert.match(String(error['hint']), /apt-get install .* cmake/u);
  assert.is(questions.length, 1);
  assert.equal(await managerCalls(programs), []);
});

run('takes a program that does not start for a missing one', async () => {
  await using programs = await fakePrograms({ ...machine(), cmake: 'exit 127' }, true);
  await provideTools(allTools, options({ consent: 'yes' }));
  assert.is((await managerCalls(programs)).length, 2);
});

run('makes do with make, gcc and clang where their siblings are missing', async () => {
  const programsHere = ['ffmpeg', 'ffprobe', 'cmake', 'make', 'gcc', 'clang++', 'apt-get'];
  await using programs = await fakePrograms(Object.fromEntries(programsHere.map((name) => [name, ''])), true);
  await provideTools(allTools, options());
  assert.equal(await managerCalls(programs), []);
});

run('tells the command when the package manager fails', async () => {
  await using _ = await fakePrograms(machine('exit 100'), true);
  const failed = await rejects(provideTools(allTools, options({ consent: 'yes' })), /failed \(exit code 100\)/u);
  assert.is(failed['code'], 'STT_PACKAGES');
  assert.match(String(failed['hint']), 'apt-get install');
});

run('tells when the package manager was content, but the tool is still missing', async () => {
  await using _ = await fakePrograms(machine(':'), true);
  await rejects(provideTools(allTools, options({ consent: 'yes' })), /still missing: cmake/u);
});

run.run();
