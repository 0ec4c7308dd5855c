/** Both directions of the switch: the ancestor's worker on our server, our worker on the ancestor's server. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeLibrary } from '../../src/demo/samples.ts';
import { runChild } from '../../src/run-child.ts';
import { testEngine } from '../support/engine.ts';
import { addRecording, samples, wrongWords } from '../support/library.ts';
import { runTestWorker, startProgram, startTestServer } from '../support/programs.ts';
import { python } from '../support/python.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const interop = suite('interoperation with the ancestor');

const ancestor = (name: string): string => path.join(import.meta.dirname, name);

interop("the ancestor's worker transcribes everything our server offers", async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await makeLibrary(library, samples);
  await addRecording(library, 'broken.mp3', 'this is no audio at all');
  await using server = await startTestServer(library, folder.path);

  const { whisperCli, model } = testEngine();
  const end = await runChild({
    file: python,
    args: [ancestor('ancestor-client.py')],
    env: { SERVER_URL: server.url, WHISPER_CLI: whisperCli, MODEL: model },
    timeoutMs: 90_000,
    stdoutLimitBytes: 100_000,
  });
  assert.is(end.exitCode, 0, end.outputTail);

  const tasks = end.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.is(tasks.length, samples.length + 1);
  for (const task of tasks) {
    assert.is(task['type'], 'audio/mpeg');
    assert.is(task['status'], 200);
    assert.equal(task['reply'], { status: 'ok' });
  }
  assert.is(tasks.filter((task) => task['call'] === '/error').length, 1);
  for (const sample of samples)
    assert.is(await wrongWords(path.join(library, `${sample.name}.mp3`), sample.spoken), 0, sample.name);
});

interop(
  "our worker transcribes everything the ancestor's server offers, with nothing but its three calls",
  async () => {
    await using folder = await temporaryFolder();
    const library = folder.join('library');
    await makeLibrary(library, samples);
    await addRecording(library, 'broken.mp3', 'this is no audio at all');
    await using server = startProgram({
      file: python,
      args: ['-u', ancestor('ancestor-server.py')],
      cwd: folder.path,
      env: { AUDIO_DIR: library },
    });
    const url = await server.seen(/^http:/u);

    const end = await runTestWorker(folder.path, url);
    // One recording is broken, and that is what the exit code says.
    assert.is(end.exitCode, 65, end.outputTail);
    for (const sample of samples)
      assert.is(await wrongWords(path.join(library, `${sample.name}.mp3`), sample.spoken), 0, sample.name);
    assert.not.ok((await readdir(library)).includes('broken.vtt'));

    const calls = server.lines
      .slice(1)
      .map((line) => JSON.parse(line) as { method: string; path: string; status: number });
    assert.equal([...new Set(calls.map((call) => `${call.method} ${call.path}`))].toSorted(), [
      'GET /task',
      'POST /error',
      'POST /result',
    ]);
    assert.is(calls.filter((call) => call.path === '/result' && call.status === 200).length, samples.length);
    assert.is(calls.filter((call) => call.path === '/error' && call.status === 200).length, 1);
  },
);

interop.run();
