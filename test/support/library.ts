/** Libraries for tests, made of the bundled samples as a user's would be. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readSamples } from '../../src/demo/samples.ts';
import { countWordErrors } from '../../src/demo/word-errors.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { parseTranscript, spokenText } from '../../src/protocol/web-vtt.ts';
import { describeEnd, runChild } from '../../src/run-child.ts';

/** Six spoken digits in English, some six seconds. */
export const shortSample = path.join(packageFolder, 'whisper', 'demo-model', 'samples', 'digits-en-short.mp3');
export const shortSampleWords = 'five five six one eight zero';

/** Writes the sidecar that states a recording's language. */
export async function addSidecar(recording: string, language = 'en'): Promise<void> {
  await writeFile(recording.replace(/\.[^.]+$/u, '.json'), JSON.stringify({ sql_params: { language } }));
}

export async function addRecording(
  library: string,
  name: string,
  bytes: string | Uint8Array,
  language = 'en',
): Promise<string> {
  const recording = path.join(library, name);
  await mkdir(path.dirname(recording), { recursive: true });
  await writeFile(recording, bytes);
  await addSidecar(recording, language);
  return recording;
}

/** Converts a sample with the real ffmpeg; the name's ending decides the format. */
export async function convertSample(target: string, args: readonly string[] = [], source = shortSample): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const end = await runChild({
    file: 'ffmpeg',
    args: ['-nostdin', '-loglevel', 'error', '-y', '-i', source, ...args, target],
  });
  if (end.exitCode !== 0) throw new Error(`ffmpeg: ${describeEnd(end)}\n${end.outputTail}`);
}

/** Words that the transcript beside `recording` got wrong. */
export async function wrongWords(recording: string, spoken: string): Promise<number> {
  const { cues, errors } = parseTranscript(await readFile(recording.replace(/\.[^.]+$/u, '.vtt'), 'utf8'));
  if (errors.length > 0) throw new Error(`not WebVTT: ${errors.join(', ')}`);
  return countWordErrors(spoken, spokenText(cues)).errors;
}

/** All samples with their languages, as `stt demo` offers them. */
export const samples = await readSamples();
