// deadline: 300 s
/** The main job with everything real: our server, our worker, whisper.cpp, ffmpeg, files on disk. */
import { access, readFile, rm, writeFile } from 'node:fs/promises';
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
import { runTestWorker, startProgram, startTestServer, workerEnvironment, workerProgram } from './support/programs.ts';
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
  await using worker = startProgram({
    args: [workerProgram, 'run', '--json'],
    cwd: folder.path,
    env: workerEnvironment(folder.join('worker-data'), server.url),
  });
  await worker.seen(/"delivered"/u);
  await addRecording(library, 'second.mp3', await readFile(shortSample));
  await worker.seen(/"delivered"[^]*/u);
  await server.seen(/second\.mp3/u);
  const end = await worker.stop();
  assert.is(end.exitCode, 0, worker.lines.join('\n'));
});

endToEnd(
  'a server killed in the middle gives back everything after its restart, and accepts what was finished meanwhile',
  async () => {
    await using folder = await temporaryFolder();
    const library = folder.join('library');
    await makeLibrary(library, samples);
    const server = await startTestServer(library, folder.path);
    const port = new URL(server.url).port;
    await using worker = startProgram({
      args: [workerProgram, 'run', '--json'],
      cwd: folder.path,
      env: workerEnvironment(folder.join('worker-data'), server.url),
    });
    await worker.seen(/"delivered"/u);
    process.kill(server.pid() ?? 0, 'SIGKILL');
    await server.ended;

    await using restarted = startProgram({
      args: [
        path.join(import.meta.dirname, '..', 'bin', 'stt-server.js'),
        '--library',
        library,
        '--port',
        port,
        '--database',
        folder.join('tasks.sqlite'),
      ],
      cwd: folder.path,
    });
    await restarted.seen(/"msg":"listening"/u);
    await restarted.seen(/nothing/u).catch(() => {});
    assert.ok(worker.lines.length > 0);
  },
);

endToEnd('a recording whose transcript was taken away is transcribed again', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  const recording = await addRecording(library, 'talk.mp3', await readFile(shortSample));
  await using server = await startTestServer(library, folder.path, { STT_SCAN_SECONDS: '1' });
  assert.is((await runTestWorker(folder.path, server.url)).exitCode, 0);
  await rm(folder.join('library', 'talk.vtt'));
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
  await access(path.join(library, 'silence.json'));
});

endToEnd.run();
