// deadline: 60 s
/** The answer to a delivery is lost on its way: the same again is accepted, also after a restart, and by a real worker too. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startCutProxy } from '../support/cut-proxy.ts';
import { addRecording, shortSample, shortSampleWords, wrongWords } from '../support/library.ts';
import { runTestWorker } from '../support/programs.ts';
import { startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { transcriptOf } from './journal.ts';
import { claimTask, deliver, post } from './worker-calls.ts';

const lost = suite('lost reply');

lost('the same bytes again are accepted, other bytes are not, also after a restart', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await mkdir(library);
  await writeFile(path.join(library, 'a.mp3'), 'a.mp3');
  const start = () => startServerProcess({ library, stateFolder: folder.path, env: { STT_DEFAULT_LANGUAGE: 'en' } });
  await using server = await start();
  await using proxy = await startCutProxy(server.port);
  const task = await claimTask(proxy.url);
  proxy.swallowAnswerTo(/^POST \/result/u);
  assert.is(await deliver(proxy.url, task), undefined, 'no answer came');
  assert.is(proxy.cuts(), 1);
  const stored = await readFile(path.join(library, 'a.vtt'), 'utf8');
  assert.is(stored, transcriptOf(task.recording, task.leaseId));

  const other = { id: task.leaseId, vtt: transcriptOf(task.recording, 'somebody else') };
  assert.is((await deliver(proxy.url, task))?.status, 200);
  assert.is((await post(proxy.url, '/result', other))?.status, 409);
  await server.kill();
  await using restarted = await start();
  assert.is((await deliver(restarted.url, task))?.status, 200);
  assert.is((await post(restarted.url, '/result', other))?.status, 409);
  assert.is(await readFile(path.join(library, 'a.vtt'), 'utf8'), stored);
});

lost('a real worker delivers once more and does not transcribe again', async () => {
  await using folder = await temporaryFolder();
  await using worker = await temporaryFolder();
  const library = folder.join('library');
  const recording = await addRecording(library, 'a.mp3', await readFile(shortSample));
  await using server = await startServerProcess({ library, stateFolder: folder.path });
  await using proxy = await startCutProxy(server.port);
  proxy.swallowAnswerTo(/^POST \/result/u);
  const end = await runTestWorker(worker.path, proxy.url);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.is(proxy.cuts(), 1);
  assert.is(proxy.requests.filter((line) => line === 'POST /result').length, 2);
  assert.is(server.logs.filter((line) => line.msg === 'delivered').length, 1);
  assert.is(await wrongWords(recording, shortSampleWords), 0);
});

lost.run();
