/**
 * What the worker's own process holds for short and very long recordings; ffmpeg and the engine are processes of their own. The engine
 * is a fake that answers at once: the real one would need hours, and what it does is not the worker's memory.
 */
import { writeFile } from 'node:fs/promises';
import { fakeWhisperCli } from '../../src/engine/testing/fake-whisper-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ffmpeg, makeSpeech, offer } from './bench-recordings.ts';
import { mebibytes, report, round, type Row, say } from './machine.ts';
import { startWorkerProcess } from './worker-process.ts';

export async function measureMemory(hours: readonly number[]): Promise<void> {
  await using folder = await temporaryFolder();
  const speech = folder.join('speech.wav');
  await makeSpeech(speech);
  const tenMinutes = folder.join('ten-minutes.mp3');
  // A low bit rate, so that the file of ten hours has some 70 MB.
  await ffmpeg('-stream_loop', '-1', '-i', speech, '-t', '600', '-ar', '16000', '-b:a', '16k', tenMinutes);
  const rows: Row[] = [];
  for (const length of hours) {
    say(`memory: ${length} h`);
    const recording = folder.join(`${length}-hours.mp3`);
    const loops = ['-stream_loop', String(Math.ceil(length * 6) - 1)];
    await ffmpeg(...loops, '-i', tenMinutes, '-t', String(length * 3600), '-c', 'copy', recording);
    rows.push(await workOn(recording, length));
  }
  report("Memory of the worker's own process, with a fake engine (aim: flat, below 150 MiB)", rows);
}

async function workOn(recording: string, hours: number): Promise<Row> {
  await using folder = await temporaryFolder();
  await using offered = await offer(folder.path, [recording]);
  const engine = await fakeWhisperCli(folder.join('whisper-cli'), 'works');
  await writeFile(folder.join('model.bin'), '');
  await using worker = startWorkerProcess({
    dataFolder: folder.join('data'),
    serverUrl: offered.server.url,
    env: { STT_WHISPER_CLI: engine.file, STT_MODEL: folder.join('model.bin') },
  });
  const claimed = await worker.seen(({ event }) => event === 'claimed');
  const end = await worker.seen(({ event }) => event === 'transcribed' || event === 'failed');
  if (end.event !== 'transcribed') throw new Error(JSON.stringify(end));
  const heldAt = (phase: string): number => {
    const begun = worker.events.find((event) => event.event === 'progress' && event.phase === phase);
    return mebibytes(begun?.residentBytes ?? Number.NaN);
  };
  return {
    'hours of audio': hours,
    'MiB at most': mebibytes(worker.mostBytes()),
    'when claimed': mebibytes(claimed.residentBytes),
    downloaded: heldAt('decode'),
    decoded: heldAt('transcribe'),
    'at its end': mebibytes(end.residentBytes),
    'seconds it took': round((end.atMs - claimed.atMs) / 1000),
  };
}
