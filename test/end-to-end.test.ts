// deadline: 300 s
/** The main job with everything real: our server, our worker, whisper.cpp, ffmpeg, files on disk. */
import { existsSync, mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeLibrary } from '../src/demo/samples.ts';
import {
  addRecording,
  addSidecar,
  convertSample,
  samples,
  shortSample,
  shortSampleWords,
  wrongWords,
} from './support/library.ts';
import { eventually } from './support/eventually.ts';
import { processesOf } from './support/processes.ts';
import {
  type RunningProgram,
  runTestWorker,
  startProgram,
  startTestServer,
  workerEnvironment,
  workerProgram,
} from './support/programs.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const endToEnd = suite('end to end');

const csvRows = async (file: string): Promise<string[][]> =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(','));

endToEnd('two workers share a library of four languages; nothing is done twice', async () => {
  await using folder = await temporaryFolder();
  await using first = await temporaryFolder();
  await using second = await temporaryFolder();
  const library = folder.join('library');
  await makeLibrary(library, samples);
  await using server = await startTestServer(library, folder.path, { LOG_DIR: folder.join('logs') });

  const ends = await Promise.all([runTestWorker(first.path, server.url), runTestWorker(second.path, server.url)]);
  for (const end of ends) assert.is(end.exitCode, 0, end.outputTail);
  for (const sample of samples) {
    assert.is(await wrongWords(path.join(library, `${sample.name}.mp3`), sample.spoken), 0, sample.name);
  }

  const [header, ...rows] = await csvRows(folder.join('processed.csv'));
  assert.equal(header, ['filepath', 'fileid', 'ip', 'datetime', 'error']);
  assert.is(rows.length, samples.length);
  assert.is(new Set(rows.map((row) => row[0])).size, samples.length);

  const again = await runTestWorker(first.path, server.url, ['--until-empty', '--json']);
  assert.is(again.exitCode, 0, again.outputTail);
  assert.is((await csvRows(folder.join('processed.csv'))).length, samples.length + 1);
});

endToEnd('every kind of recording is taken, in folders below folders, whatever its name', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  const video = ['-f', 'lavfi', '-i', 'color=black:s=64x64:r=5', '-shortest'];
  const recordings: [name: string, args: string[]][] = [
    ['a/one.wav', []],
    ['a/b/two.flac', []],
    ['three.ogg', []],
    ['four.opus', []],
    ['five.m4a', []],
    ['six.mp4', video],
    ['seven.mkv', video],
    ['eight.webm', ['-c:a', 'libopus']],
    ["a/Grüße, 'quoted' & $HOME; rm -rf %20 -y.mp3", []],
  ];
  for (const [name, args] of recordings) {
    await convertSample(path.join(library, name), args);
    await addSidecar(path.join(library, name));
  }
  await using server = await startTestServer(library, folder.path);
  const end = await runTestWorker(folder.path, server.url);
  assert.is(end.exitCode, 0, end.outputTail);
  for (const [name] of recordings) assert.is(await wrongWords(path.join(library, name), shortSampleWords), 0, name);

  const [header, ...rows] = await csvRows(folder.join('worker', 'processed.csv'));
  assert.equal(header, ['file_id', 'language', 'time_taken', 'audio_minutes', 'status', 'reason']);
  assert.is(rows.filter((row) => row[1] === 'en' && row[4] === 'success').length, recordings.length);
});

endToEnd('a worker that waits is given a recording as soon as the server has found it', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await addRecording(library, 'first.mp3', await readFile(shortSample));
  await using server = await startTestServer(library, folder.path, { STT_SCAN_SECONDS: '1' });
  await using worker = startTestWorker(folder.join('worker'), server.url);
  await worker.seen(/"transcribed"/u);
  const second = await addRecording(library, 'second.mp3', await readFile(shortSample));
  await eventually(() => existsSync(second.replace('.mp3', '.vtt')), 'the second transcript', 30_000);
  const end = await worker.stop();
  assert.is(end.exitCode, 0, worker.lines.join('\n'));
});

/** A worker that runs until it is stopped, with a data folder of its own. */
function startTestWorker(dataFolder: string, serverUrl: string): RunningProgram {
  mkdirSync(dataFolder, { recursive: true });
  return startProgram({
    args: [workerProgram, 'run', '--json'],
    cwd: dataFolder,
    env: workerEnvironment(dataFolder, serverUrl),
  });
}

endToEnd('a server that is killed and started again loses nothing, and the worker goes on by itself', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await makeLibrary(library, samples);
  const server = await startTestServer(library, folder.path);
  await using worker = startTestWorker(folder.join('worker'), server.url);
  await worker.seen(/"transcribed"/u);
  process.kill(server.pid() ?? 0, 'SIGKILL');
  await server.ended;

  await using restarted = await startTestServer(library, folder.path, { PORT: new URL(server.url).port });
  assert.is(restarted.url, server.url);
  const transcripts = samples.map((sample) => path.join(library, `${sample.name}.vtt`));
  await eventually(() => transcripts.every((file) => existsSync(file)), 'every transcript', 90_000);
  for (const sample of samples) {
    assert.is(await wrongWords(path.join(library, `${sample.name}.mp3`), sample.spoken), 0, sample.name);
  }
});

const longSample = samples.filter((sample) => sample.name === 'digits-en-long');

endToEnd('the recording of a worker that is killed is given to the next one', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await makeLibrary(library, longSample);
  await using server = await startTestServer(library, folder.path, { STT_LEASE_SECONDS: '2' });
  const worker = startTestWorker(folder.join('first'), server.url);
  await worker.seen(/"phase":"transcribe"/u);
  for (const { pid } of processesOf(folder.join('first'))) process.kill(pid, 'SIGKILL');
  await worker.ended;

  await using rival = startTestWorker(folder.join('second'), server.url);
  await eventually(() => existsSync(path.join(library, 'digits-en-long.vtt')), 'the transcript', 100_000);
  assert.is((await rival.stop()).exitCode, 0, rival.lines.join('\n'));
});

endToEnd(
  'a worker that is stopped hands its recording back, leaves nothing running, and another goes on at once',
  async () => {
    await using folder = await temporaryFolder();
    const library = folder.join('library');
    await makeLibrary(library, longSample);
    await using server = await startTestServer(library, folder.path);
    const worker = startTestWorker(folder.join('first'), server.url);
    await worker.seen(/"phase":"transcribe"/u);
    const stopping = performance.now();
    const end = await worker.stop();
    assert.is(end.exitCode, 0, worker.lines.join('\n'));
    assert.ok(performance.now() - stopping < 6000, 'within seconds');
    await worker.seen(/"handed_back"/u);
    assert.equal(processesOf(folder.join('first')), []);

    const next = await runTestWorker(folder.path, server.url, ['--once']);
    assert.is(next.exitCode, 0, next.outputTail);
    assert.ok(existsSync(path.join(library, 'digits-en-long.vtt')));
  },
);

endToEnd('a recording whose transcript was taken away is transcribed again', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  const recording = await addRecording(library, 'talk.mp3', await readFile(shortSample));
  await using server = await startTestServer(library, folder.path, { STT_SCAN_SECONDS: '1' });
  assert.is((await runTestWorker(folder.path, server.url)).exitCode, 0);
  await rm(folder.join('library', 'talk.vtt'));
  // A worker that starts before the server noticed finds nothing to do, and --once ends.
  await server.seen(/"reopen":1/u);
  assert.is((await runTestWorker(folder.path, server.url, ['--once'])).exitCode, 0);
  assert.is(await wrongWords(recording, shortSampleWords), 0);
});

endToEnd("a user's own transcript stays as it is", async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await addRecording(library, 'talk.mp3', await readFile(shortSample));
  await writeFile(path.join(library, 'talk.vtt'), 'WEBVTT\n\nmine');
  await using server = await startTestServer(library, folder.path);
  assert.is((await runTestWorker(folder.path, server.url)).exitCode, 0);
  assert.is(await readFile(path.join(library, 'talk.vtt'), 'utf8'), 'WEBVTT\n\nmine');
});

endToEnd('silence is finished with an empty transcript and not offered again', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await convertSample(path.join(library, 'silence.mp3'), ['-af', 'volume=0']);
  await addSidecar(path.join(library, 'silence.mp3'));
  await using server = await startTestServer(library, folder.path);
  const end = await runTestWorker(folder.path, server.url, ['--until-empty', '--json']);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(await readFile(path.join(library, 'silence.vtt'), 'utf8'), /^WEBVTT\s*$/u);
});

endToEnd.run();
