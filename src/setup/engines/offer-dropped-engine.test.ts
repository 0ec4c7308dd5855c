import { access } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { tinySetupRequest } from '../../../test/support/tiny-whisper.ts';
import { runSetup } from '../run-setup.ts';
import { writeScriptEngine } from './testing/script-engine.ts';

const run = suite('offerDroppedEngine');

run('finds a whisper.cpp that somebody put there, tries it, and leaves it to them', async () => {
  await using folder = await temporaryFolder();
  const request = { ...(await tinySetupRequest(folder)), backend: undefined, source: undefined };
  const file = path.join(request.paths.whisperCpp, 'build/bin/whisper-cli');
  await writeScriptEngine(file, { version: '1.7.0' });
  const error = await rejects(runSetup(request), /whisper\.cpp 1\.7\.0 for cpu\. It works here, on CPU/u);
  assert.is(error['code'], 'STT_ENGINE_DROPPED');
  assert.match(String(error['hint']), `--adopt ${request.paths.whisperCpp}`);
  await access(file);
  await rejects(access(request.paths.engines), /ENOENT/u);
});

run('says why one that does not work does not', async () => {
  await using folder = await temporaryFolder();
  const request = { ...(await tinySetupRequest(folder)), backend: undefined, source: undefined };
  await writeScriptEngine(path.join(request.paths.whisperCpp, 'build/bin/whisper-cli'), { script: 'exit 3' });
  await rejects(runSetup(request), /cannot transcribe/u);
});

run.run();
