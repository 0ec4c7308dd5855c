import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  allDefinitions,
  buildProgress,
  cmakeCommands,
  configureArguments,
  defaultJobs,
  readDefinitions,
} from './cmake-arguments.ts';

const run = suite('cmake arguments');

const gib = 1024 ** 3;

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

run('reads definitions', () => {
  const definitions = readDefinitions(['CMAKE_BUILD_TYPE=Debug', 'GGML_X=a=b', 'EMPTY=']);
  assert.equal(definitions, { CMAKE_BUILD_TYPE: 'Debug', GGML_X: 'a=b', EMPTY: '' });
});

run('refuses what is no definition', () => {
  for (const text of ['GGML_NATIVE', '=OFF', '-DGGML=ON', 'A B=1']) {
    assert.throws(
      () => readDefinitions([text]),
      (error: { exitCode?: number }) => error.exitCode === 2,
    );
  }
});

run('lets the plan win over what is known of the machine, and a variant over the plan', () => {
  const definitions = allDefinitions(
    { definitions: { A: 'plan', B: 'plan' }, targets: [] },
    { name: 'fast', definitions: { B: 'variant' } },
    { A: 'local', C: 'local' },
  );
  assert.equal(definitions, { A: 'plan', B: 'variant', C: 'local' });
});

run('lists the commands of a build with variants: all programs once, then the one that is timed', () => {
  const variants = [
    { name: 'plain', definitions: { GGML_BLAS: 'OFF' } },
    { name: 'openblas', definitions: { GGML_BLAS: 'ON' } },
  ];
  const options = { generator: 'Ninja', jobs: 2 } as const;
  const commands = cmakeCommands('/e', { ...plan, targets: ['whisper-cli', 'whisper-server'], variants }, options);
  assert.equal(
    commands.map((words) => words.join(' ')),
    [
      '-S /e -B /e/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_BLAS=OFF',
      '--build /e/build --target whisper-cli whisper-server --parallel 2',
      '-S /e -B /e/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_BLAS=ON',
      '--build /e/build --target whisper-cli --parallel 2',
    ],
  );
  assert.is(cmakeCommands('/e', plan, options).length, 2);
});

run('leaves the choice of generator to a build folder that has chosen', () => {
  assert.ok(configureArguments('/e', plan, 'Ninja').includes('-G'));
  assert.not.ok(configureArguments('/e', plan, undefined).includes('-G'));
});

run('starts one compiler per processor, but no more than memory allows', () => {
  assert.is(defaultJobs(8, 32 * gib), 8);
  assert.is(defaultJobs(8, 3.9 * gib), 3);
  assert.is(defaultJobs(8, 0.4 * gib), 1);
});

run('leaves room for the one compiler that takes the most', () => {
  const vulkan = { largestBytes: 6 * gib, perJobBytes: gib };
  assert.is(defaultJobs(16, 4 * gib, vulkan), 1);
  assert.is(defaultJobs(16, 8.5 * gib, vulkan), 3);
  assert.is(defaultJobs(16, 64 * gib, vulkan), 16);
});

run.run();
