// deadline: 300 s
/** What is wrong with recordings, settings and machines: each gets its message and exit code, and the rest of the work goes on. */
import { execPath } from 'node:process';
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildEnd, runChild } from '../src/run-child.ts';
import { testEngine } from './support/engine.ts';
import {
  addRecording,
  addSidecar,
  convertSample,
  shortSample,
  shortSampleWords,
  wrongWords,
} from './support/library.ts';
import { runTestWorker, serverProgram, startTestServer } from './support/programs.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const badInput = suite('bad input');

badInput('broken recordings and sidecars are told apart, and the good ones are transcribed', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  const sample = await readFile(shortSample);
  const good = await addRecording(library, 'good.mp3', sample);

  await addRecording(library, 'empty.mp3', '');
  await addRecording(library, 'random.mp3', Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251)));
  await addRecording(library, 'text.mp3', 'Dear diary, this is not audio.\n'.repeat(100));
  await convertSample(path.join(library, 'cut.m4a'));
  await truncate(path.join(library, 'cut.m4a'), 20_000);
  await addSidecar(path.join(library, 'cut.m4a'));
  await mkdir(path.join(library, 'folder.mp3'));
  await addRecording(library, 'not-json.mp3', sample);
  await writeFile(path.join(library, 'not-json.json'), '{language: en');
  await addRecording(library, 'no-language.mp3', sample);
  await writeFile(path.join(library, 'no-language.json'), '{"sql_params":{}}');
  await addRecording(library, 'klingon.mp3', sample, 'klingon');
  await writeFile(path.join(library, 'no-sidecar.mp3'), sample);

  await using server = await startTestServer(library, folder.path);
  const end = await runTestWorker(folder.path, server.url, ['--until-empty', '--json']);
  assert.is(end.exitCode, 65, end.outputTail);
  assert.is(await wrongWords(good, shortSampleWords), 0);
  assert.equal(
    (await readdir(library)).filter((name) => name.endsWith('.vtt')),
    ['good.vtt'],
  );

  const worker = await readFile(folder.join('worker', 'processed.csv'), 'utf8');
  assert.is(worker.match(/,failure,/gu)?.length, 3, worker);
  const log = server.lines.join('\n');
  for (const name of ['empty.mp3', 'folder.mp3', 'not-json', 'no-language', 'klingon', 'no-sidecar']) {
    assert.match(log, name);
  }
});

badInput('STT_DEFAULT_LANGUAGE offers recordings whose sidecar states no language', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await mkdir(library);
  const recording = path.join(library, 'no-sidecar.mp3');
  await writeFile(recording, await readFile(shortSample));
  await using server = await startTestServer(library, folder.path, { STT_DEFAULT_LANGUAGE: 'auto' });
  const end = await runTestWorker(folder.path, server.url);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.is(await wrongWords(recording, shortSampleWords), 0);
});

async function serve(cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<ChildEnd> {
  return runChild({ file: execPath, args: [serverProgram, ...args], cwd, env, timeoutMs: 20_000 });
}

badInput('a port that is taken ends the server with 69 and the way out', async () => {
  await using folder = await temporaryFolder();
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const end = await serve(folder.path, [
    '--library',
    folder.path,
    '--port',
    port,
    '--database',
    folder.join('t.sqlite'),
  ]);
  taken.close();
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.outputTail, port);
  assert.match(end.outputTail, /PORT|--port/u);
});

badInput('a library that is not there, is a file, or was not named ends the server with its reason', async () => {
  await using folder = await temporaryFolder();
  const database = ['--port', '0', '--database', folder.join('t.sqlite')];
  const missing = await serve(folder.path, ['--library', folder.join('missing'), ...database]);
  assert.is(missing.exitCode, 66, missing.outputTail);
  assert.match(missing.outputTail, 'missing');
  await writeFile(folder.join('file'), '');
  const file = await serve(folder.path, ['--library', folder.join('file'), ...database]);
  assert.is(file.exitCode, 66, file.outputTail);
  const unnamed = await serve(folder.path, database);
  assert.is(unnamed.exitCode, 78, unnamed.outputTail);
  assert.match(unnamed.outputTail, /AUDIO_DIR|--library/u);
});

badInput('settings that are wrong are named all at once', async () => {
  await using folder = await temporaryFolder();
  const end = await serve(folder.path, ['--library', folder.path], { PORT: 'http', STT_SCAN_SECONDS: '0' });
  assert.is(end.exitCode, 78, end.outputTail);
  assert.match(end.outputTail, 'PORT is wrong');
  assert.match(end.outputTail, 'STT_SCAN_SECONDS is wrong');
});

/** A worker's end on a machine that lacks something; the server it names is not there. */
const nobody = 'http://127.0.0.1:9';

badInput('a server that is not there ends a batch worker with 69', async () => {
  await using folder = await temporaryFolder();
  const end = await runTestWorker(folder.path, nobody);
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.outputTail, '127.0.0.1:9');
});

badInput('ffmpeg that is missing ends the worker with 69 before it takes a task', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('bin'));
  await symlink(execPath, folder.join('bin', 'node'));
  const end = await runTestWorker(folder.path, nobody, ['--until-empty'], { PATH: folder.join('bin') });
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.outputTail, 'ffmpeg');
});

badInput('a model that is missing, cut, or no model ends the worker with 78', async () => {
  await using folder = await temporaryFolder();
  const model = await readFile(testEngine().model);
  await writeFile(folder.join('cut.bin'), model.subarray(0, 3_000_000));
  await writeFile(folder.join('page.bin'), '<html>Not found</html>');
  for (const name of ['missing.bin', 'cut.bin', 'page.bin']) {
    const end = await runTestWorker(folder.path, nobody, ['--until-empty'], { STT_MODEL: folder.join(name) });
    assert.is(end.exitCode, 78, `${name}: ${end.outputTail}`);
    assert.match(end.outputTail, name);
  }
});

badInput('an engine that is missing ends the worker with 78 and names the command that builds it', async () => {
  await using folder = await temporaryFolder();
  const end = await runTestWorker(folder.path, nobody, ['--until-empty'], { STT_WHISPER_CLI: folder.join('none') });
  assert.is(end.exitCode, 78, end.outputTail);
  assert.match(end.outputTail, 'stt setup');
});

badInput.run();
