import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { dataPaths } from '../config/data-paths.ts';
import { runChild } from '../run-child.ts';
import { type EngineSettings, findEngine } from './find-engine.ts';
import { plainRunOptions } from './run-options.ts';

const run = suite('findEngine');

const unset: EngineSettings = { whisperCli: undefined, model: 'medium', vadEnabled: undefined, vadModel: undefined };

/** A data folder with an engine and the model "medium", and what else is named. */
async function dataFolder(...models: string[]) {
  const folder = await temporaryFolder();
  const paths = dataPaths(folder.path);
  await mkdir(path.dirname(paths.whisperCli), { recursive: true });
  await writeFile(paths.whisperCli, '', { mode: 0o755 });
  await mkdir(paths.models);
  for (const name of ['ggml-medium.bin', ...models]) await writeFile(path.join(paths.models, name), '');
  return { paths, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

run('finds the engine and the model in the data folder', async () => {
  await using folder = await dataFolder();
  assert.equal(await findEngine(unset, folder.paths), {
    whisperCli: folder.paths.whisperCli,
    modelFile: path.join(folder.paths.models, 'ggml-medium.bin'),
    modelName: 'medium',
    vadModelFile: undefined,
    isDemoModel: false,
    expectsGpu: false,
    run: plainRunOptions,
  });
});

run('knows whether the settings name the engine', async () => {
  await using folder = await dataFolder();
  const { whisperCli } = folder.paths;
  assert.is((await findEngine({ ...unset, whisperCli }, folder.paths)).isNamed, true);
});

run('knows the demo model by its name', async () => {
  await using folder = await dataFolder('ggml-demo-digits.bin');
  assert.is((await findEngine({ ...unset, model: 'demo-digits' }, folder.paths)).isDemoModel, true);
});

run('says what to do where the engine is missing or may not be executed', async () => {
  await using folder = await dataFolder();
  const named = await rejects(
    findEngine({ ...unset, whisperCli: '/nowhere/whisper-cli' }, folder.paths),
    /\/nowhere\/whisper-cli is not there/u,
  );
  assert.match(String(named['hint']), 'STT_WHISPER_CLI');
  await rejects(findEngine({ ...unset, whisperCli: folder.paths.models }, folder.paths), /models is a directory\./u);
  await chmod(folder.paths.whisperCli, 0o644);
  const closed = await rejects(
    findEngine({ ...unset, whisperCli: folder.paths.whisperCli }, folder.paths),
    /may not be executed/u,
  );
  assert.match(String(closed['hint']), 'unset STT_WHISPER_CLI');
  const error = await rejects(findEngine(unset, folder.paths), /may not be executed/u);
  assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_MISSING', 78]);
  assert.match(String(error['hint']), 'stt setup --backend cpu');
});

run('says where a missing model belongs and where to get it', async () => {
  await using folder = await dataFolder();
  const error = await rejects(
    findEngine({ ...unset, model: 'large-v3' }, folder.paths),
    /models\/ggml-large-v3\.bin is not there/u,
  );
  assert.equal([error['code'], error['exitCode']], ['STT_MODEL_MISSING', 78]);
  assert.match(String(error['hint']), /stt models download large-v3".*stt setup --model demo-digits/su);
});

run('turns voice activity detection on where its model is found, unless told otherwise', async () => {
  await using folder = await dataFolder('ggml-silero-v6.2.0.bin');
  const silero = path.join(folder.paths.models, 'ggml-silero-v6.2.0.bin');
  assert.is((await findEngine(unset, folder.paths)).vadModelFile, silero);
  assert.is((await findEngine({ ...unset, vadEnabled: true }, folder.paths)).vadModelFile, silero);
  assert.is((await findEngine({ ...unset, vadEnabled: false }, folder.paths)).vadModelFile, undefined);
});

run('insists on voice activity detection that was asked for', async () => {
  await using folder = await dataFolder();
  for (const asked of [{ vadEnabled: true }, { vadModel: '/nowhere.bin' }]) {
    const error = await rejects(findEngine({ ...unset, ...asked }, folder.paths), /voice activity detection/u);
    assert.equal([error['code'], error['exitCode']], ['STT_VAD_MODEL_MISSING', 78]);
  }
});

if (process.getuid?.() === 0) {
  run('says of a model that is there and closed that it may not be read, and by whom', async () => {
    await using folder = await dataFolder();
    await chmod(folder.paths.models, 0o700);
    await chmod(path.dirname(folder.paths.models), 0o755);
    const findModelHere = `
      const { findModel, findVadModel } = await import(${JSON.stringify(new URL('find-engine.ts', import.meta.url).href)});
      await findModel({ model: 'medium' }, ${JSON.stringify(folder.paths)}).catch((error) => console.log(error.message));
      console.log('VAD:', await findVadModel({}, ${JSON.stringify(folder.paths)}));`;
    const asDaemon = ['--reuid=1', '--regid=1', '--clear-groups'];
    const args = [...asDaemon, process.execPath, '--input-type=module', '--eval', findModelHere];
    const { outputTail } = await runChild({ file: 'setpriv', args });
    assert.match(outputTail, /^The model \S+ggml-medium\.bin may not be read by daemon: permission denied\.$/mu);
    // Nobody asked for one.
    assert.match(outputTail, /^VAD: undefined$/mu);
  });
} else {
  run('NOT TRIED: only root can ask as somebody else', () => assert.ok(process.getuid?.() !== 0));
}

run.run();
