import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../test/support/temporary-folder.ts';
import { openvinoSteps } from './openvino-steps.ts';
import { type EncoderRequest, hasEncoder, provideEncoder } from './provide-encoder.ts';
import { fakePython, openvinoTest, type OpenvinoTest } from './testing/fake-python.ts';

const run = suite('provideEncoder');

const encoderOf = (test: OpenvinoTest, folder: TemporaryFolder, model: string): EncoderRequest => ({
  engineFolder: folder.join('engine'),
  model,
  modelFile: path.join(test.paths.models, `ggml-${model}.bin`),
});

const conversions = (calls: string[]): string[] => calls.filter((call) => call.includes('--model'));

run('puts the encoder beside the model, once, and leaves nothing else', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  const request = encoderOf(test, folder, 'medium');
  // What a conversion that was killed has left, and an original that is no longer needed.
  await mkdir(path.join(test.paths.models, '.openvino-old'), { recursive: true });
  await mkdir(path.join(test.paths.cache, 'whisper'), { recursive: true });
  await writeFile(path.join(test.paths.cache, 'whisper/medium.pt'), '');

  assert.is(await hasEncoder(request.modelFile), false);
  assert.is(await provideEncoder(test, request), true);
  assert.equal((await readdir(test.paths.models)).toSorted(), [
    'ggml-medium-encoder-openvino.bin',
    'ggml-medium-encoder-openvino.xml',
  ]);
  assert.equal(await readdir(path.join(test.paths.cache, 'whisper')), []);
  assert.is(await hasEncoder(request.modelFile), true);

  assert.is(await provideEncoder(test, request), false);
  assert.is(conversions(await python.calls()).length, 1);
});

run('shares one encoder among the quantisations of a model', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  for (const model of ['small-q5_1', 'small', 'small-q8_0']) await provideEncoder(test, encoderOf(test, folder, model));
  assert.equal(
    conversions(await python.calls()).map((call) => call.split(' ').slice(-2).join(' ')),
    ['--model small'],
  );
  const link = path.join(test.paths.models, 'ggml-small-q8_0-encoder-openvino.xml');
  assert.is(await readlink(link), 'ggml-small-encoder-openvino.xml');
  assert.is(await readFile(link, 'utf8'), 'small\n');
});

run('converts again where a half is missing', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  const request = encoderOf(test, folder, 'tiny-q5_1');
  await provideEncoder(test, request);
  await writeFile(path.join(test.paths.models, 'ggml-tiny-encoder-openvino.bin'), '');
  assert.is(await hasEncoder(request.modelFile), false);
  assert.is(await provideEncoder(test, request), true);
  assert.is(await hasEncoder(request.modelFile), true);
  assert.is(conversions(await python.calls()).length, 2);
});

run('says why a conversion failed, and leaves no half', async () => {
  const table: [convert: string, message: RegExp, hint: RegExp, exitCode: number][] = [
    ['echo "no torch"; exit 3', /exit code 3[\s\S]*no torch/u, /The whole output/u, 69],
    ['kill -9 $$', /killed by SIGKILL/u, /memory ran out/u, 69],
    ['echo "No space left on device"; exit 1', /could not be converted/u, /Make room/u, 74],
    ['echo x > "${2%/*}/ggml-$4-encoder-openvino.bin"', /without writing .*\.xml/u, /The whole output/u, 69],
    [':', /without writing .*\.bin/u, /The whole output/u, 69],
  ];
  for (const [convert, message, hint, exitCode] of table) {
    await using folder = await temporaryFolder();
    await using _ = await fakePython({ convert });
    using test = await openvinoTest(folder);
    const request = encoderOf(test, folder, 'base');
    const error = await rejects(provideEncoder(test, request), message);
    assert.match(String(error['hint']), hint);
    assert.is(error['exitCode'], exitCode);
    assert.equal(await readdir(test.paths.models), []);
  }
});

run('refuses a model without an original, and an engine without the script, before anything is installed', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  const refused = await rejects(provideEncoder(test, encoderOf(test, folder, 'demo-digits')), /no original/u);
  assert.is(refused['exitCode'], 78);
  const adopted = { ...encoderOf(test, folder, 'tiny'), engineFolder: folder.join('adopted') };
  assert.is((await rejects(provideEncoder(test, adopted), /which converts models/u))['exitCode'], 78);
  assert.equal(await python.calls(), []);
});

run('is described by the commands that it runs', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  const { engineFolder, modelFile, model } = encoderOf(test, folder, 'medium-q5_0');
  const lines = openvinoSteps({ paths: test.paths, engineFolder, model: { name: model, file: modelFile } });
  const commands = lines.filter((line) => !line.startsWith('#'));
  assert.is(commands.length, 3);
  await provideEncoder(test, { engineFolder, modelFile, model });
  const calls = (await python.calls()).filter((call) => !call.includes(' -c '));
  // The script is run from a copy; all else is as it was described.
  const words = (line: string): string =>
    line
      .split(' ')
      .slice(1)
      .join(' ')
      .replace(/\S+convert-whisper/u, 'convert-whisper');
  assert.equal(calls.map(words), commands.map(words));
  assert.ok(lines.some((line) => line.endsWith('ggml-medium-encoder-openvino.xml')));
  assert.is(openvinoSteps({ paths: test.paths, engineFolder, model: undefined }).length, 3);
});

run.run();
