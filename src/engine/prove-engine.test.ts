import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Engine } from './find-engine.ts';
import { proveEngine } from './prove-engine.ts';
import { plainRunOptions } from './run-options.ts';

const run = suite('proveEngine');

run('says what helps, by whether the settings name the engine', async () => {
  await using folder = await temporaryFolder();
  const whisperCli = folder.join('whisper-cli');
  await writeFile(whisperCli, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const engine: Engine = {
    whisperCli,
    modelFile: folder.join('any.bin'),
    modelName: 'any',
    vadModelFile: undefined,
    isDemoModel: false,
    expectsGpu: false,
    run: plainRunOptions,
  };
  await writeFile(engine.modelFile, 'x');
  const hintFor = async (of: Engine): Promise<string> => {
    const options = { folder: folder.path, threads: 1, signal: new AbortController().signal };
    const error = await rejects(proveEngine(of, options), /cannot transcribe a second of silence/u);
    assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_BROKEN', 78]);
    return String(error['hint']);
  };
  assert.match(await hintFor({ ...engine, isNamed: true }), /STT_WHISPER_CLI, or unset it and run "stt setup/u);
  assert.not.match(await hintFor(engine), /STT_WHISPER_CLI/u);
});

run.run();
