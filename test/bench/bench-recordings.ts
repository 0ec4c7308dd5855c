/** Recordings for the benchmarks of the worker, made of the bundled samples, and servers that offer them. */
import { link, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describeEnd, runChild } from '../../src/run-child.ts';
import { samples } from '../support/library.ts';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

export async function ffmpeg(...args: string[]): Promise<void> {
  const end = await runChild({ file: 'ffmpeg', args: ['-nostdin', '-loglevel', 'error', '-y', ...args] });
  if (end.exitCode !== 0) throw new Error(`ffmpeg: ${describeEnd(end)}\n${end.outputTail}`);
}

/** All English samples, one after the other: some 90 s. */
export async function makeSpeech(file: string): Promise<void> {
  const sources = samples.filter(({ language }) => language === 'en').map(({ recording }) => recording);
  const inputs = sources.flatMap((recording) => ['-i', recording]);
  await ffmpeg(...inputs, '-filter_complex', `concat=n=${sources.length}:v=0:a=1`, '-ac', '1', file);
}

/** One-minute mp3 files of 128 kbit/s, each beginning elsewhere in the speech. */
export async function makeMinutes(folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const speech = path.join(folder, 'speech.wav');
  await makeSpeech(speech);
  const files: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const file = path.join(folder, `minute-${String(index).padStart(3, '0')}.mp3`);
    const from = (index * 3.7).toFixed(1);
    await ffmpeg('-stream_loop', '-1', '-i', speech, '-ss', from, '-t', '60', '-b:a', '128k', file);
    files.push(file);
  }
  return files;
}

export type OfferedLibrary = AsyncDisposable & { server: ServerProcess; library: string };

/** A server of its own for these recordings, which has found them all. */
export async function offer(
  folder: string,
  recordings: readonly string[],
  env: Record<string, string> = {},
): Promise<OfferedLibrary> {
  const library = path.join(folder, 'library');
  await mkdir(library, { recursive: true });
  for (const recording of recordings) await link(recording, path.join(library, path.basename(recording)));
  const server = await startServerProcess({
    library,
    stateFolder: folder,
    env: { STT_DEFAULT_LANGUAGE: 'en', STT_SCAN_SECONDS: '3600', ...env },
  });
  await eventually(async () => (await fetch(`${server.url}/readyz`)).ok || undefined, 'the server is ready');
  return { server, library, [Symbol.asyncDispose]: () => server.stop() };
}
