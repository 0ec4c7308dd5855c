import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildProgress, configureArguments, defaultJobs, withDefinitions } from './cmake-arguments.ts';

const run = suite('cmake arguments');

const plan = { definitions: { CMAKE_BUILD_TYPE: 'Release' }, targets: ['whisper-cli'] };

run('reads how far a build is from lines of make and ninja', () => {
  assert.equal(buildProgress('[ 42%] Building CXX object src/CMakeFiles/whisper.dir/whisper.cpp.o'), {
    fraction: 0.42,
    note: 'whisper.cpp',
  });
  assert.equal(buildProgress('[100%] Linking CXX executable bin/whisper-cli'), { fraction: 1 });
  assert.equal(buildProgress('[999%] nonsense'), { fraction: 1 });
  for (const line of ['warning: 42% of users', '-- Configuring done', '']) assert.is(buildProgress(line), undefined);
});

run('lets given definitions win over the recipe', () => {
  const { definitions } = withDefinitions(plan, ['CMAKE_BUILD_TYPE=Debug', 'GGML_X=a=b', 'EMPTY=']);
  assert.equal(definitions, { CMAKE_BUILD_TYPE: 'Debug', GGML_X: 'a=b', EMPTY: '' });
});

run('refuses what is no definition', () => {
  for (const text of ['GGML_NATIVE', '=OFF', '-DGGML=ON', 'A B=1']) {
    assert.throws(
      () => withDefinitions(plan, [text]),
      (error: { exitCode?: number }) => error.exitCode === 2,
    );
  }
});

run('leaves the choice of generator to a build folder that has chosen', () => {
  assert.ok(configureArguments('/e', plan, 'Ninja').includes('-G'));
  assert.not.ok(configureArguments('/e', plan, undefined).includes('-G'));
});

run('starts one compiler per processor, but no more than memory allows', () => {
  const gib = 1024 ** 3;
  assert.is(defaultJobs(8, 32 * gib), 8);
  assert.is(defaultJobs(8, 3.9 * gib), 3);
  assert.is(defaultJobs(8, 0.4 * gib), 1);
});

run.run();
