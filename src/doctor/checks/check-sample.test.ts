import { readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findTestEngine } from '../../../test/support/engine.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../test/support/temporary-folder.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { fakeWhisperCli } from '../../engine/testing/fake-whisper-cli.ts';
import type { Checked } from '../finding.ts';
import { checkSample, type SampleSeen } from './check-sample.ts';

const run = suite('check sample');

function look(
  folder: TemporaryFolder,
  engine: { whisperCli: string; model: string },
  isBusy = false,
): Promise<Checked<SampleSeen>> {
  return checkSample({
    settings: { ...engine, vadEnabled: false, vadModel: undefined },
    paths: dataPaths(folder.path),
    threads: 1,
    isBusy,
    signal: new AbortController().signal,
  });
}

async function withModel(folder: TemporaryFolder, whisperCli: string): Promise<{ whisperCli: string; model: string }> {
  const model = folder.join('ggml-any.bin');
  await writeFile(model, '');
  return { whisperCli, model };
}

const real = findTestEngine();
const withEngine = (title: string, test: () => Promise<void>): void =>
  real === undefined ? run.skip(title, test) : run(title, test);

withEngine('the real engine hears the sample', async () => {
  if (real === undefined) return;
  await using folder = await temporaryFolder();
  const checked = await look(folder, real);
  assert.is(checked.status, 'ok', checked.found);
  assert.match(
    checked.found,
    /^transcribed 6\.0 s of speech in \d+\.\d s, \d+\.\d x real time; this model knows spoken digits only$/u,
  );
  assert.ok('value' in checked && checked.value.seconds > 0);
});

run('says that a worker is at work beside it', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'works');
  assert.match((await look(folder, await withModel(folder, file), true)).found, 'beside a worker that is at work');
});

run('tries every GPU that the engine finds', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'two_gpus');
  const noted = folder.join('noted');
  await writeFile(noted, `#!/bin/sh\necho "$*" >> '${noted}.log'\nexec '${file}' "$@"\n`, { mode: 0o755 });
  const checked = await look(folder, await withModel(folder, noted));
  assert.match(checked.found, 'on each of 2 GPUs');
  assert.is('value' in checked ? checked.value.gpus.gpuInUse : '', 'CUDA0');
  const calls = (await readFile(`${noted}.log`, 'utf8')).trim().split('\n');
  assert.equal(
    calls.map((call) => /-dev \d/u.exec(call)?.[0]),
    [undefined, '-dev 1'],
  );
});

run('fails where the engine cannot load the model, or hears nothing', async () => {
  await using folder = await temporaryFolder();
  const { file } = await fakeWhisperCli(folder.join('whisper-cli'), 'cannot_load_the_model');
  const engine = await withModel(folder, file);
  const damaged = await rejects(look(folder, engine), /cannot load the model/u);
  assert.is(damaged['exitCode'], 78);
  const busy = await look(folder, engine, true);
  assert.is('code' in busy ? busy.code : '', 'STT_MODEL_DAMAGED');
  assert.match('fix' in busy ? (busy.fix ?? '') : '', /stt pause --now/u);
  const deaf = folder.join('deaf');
  const script = `while [ $# -gt 1 ]; do [ "$1" = -of ] && printf 'WEBVTT\\n\\n' > "$2.vtt"; shift; done`;
  await writeFile(deaf, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await rejects(look(folder, { ...engine, whisperCli: deaf }), /hears nothing/u);
});

run.run();
