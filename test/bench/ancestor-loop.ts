/**
 * A re-enactment of the loop of the ancestor's client, written from its description: everything strictly one after the other, one
 * process for each step, ten seconds of sleep when there is no task. A program of its own: its one argument is JSON, and so is its
 * output. It is not the ancestor: what Python itself costs is not in it, which flatters it.
 */
import { appendFileSync, closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runChild } from '../../src/run-child.ts';

export type AncestorOptions = { url: string; folder: string; whisperCli: string; model: string; threads: number };

export type AncestorResult = {
  tasks: number;
  /** From the first answer with a task to the answer of the last result; the last sleep is not in it. */
  wallSeconds: number;
  /** Of whisper-cli alone, all runs together. */
  engineSeconds: number;
};

export const ancestorProgram = fileURLToPath(import.meta.url);

const chunkBytes = 8192;
const getTimeoutMs = 30_000;
const postTimeoutMs = 10_000;
const postTries = 3;
const postPauseMs = 5000;
const idleMs = 10_000;

async function ancestorLoop(options: AncestorOptions): Promise<AncestorResult> {
  let firstTaskAt: number | undefined;
  let lastPostAt = 0;
  let tasks = 0;
  let engineSeconds = 0;
  for (;;) {
    const answer = await get(`${options.url}/task`);
    if (answer.statusCode === 204) {
      answer.resume();
      // It would sleep and ask again for ever.
      if (firstTaskAt !== undefined) break;
      await delay(idleMs);
      continue;
    }
    if (answer.statusCode !== 200) throw new Error(`GET /task: ${answer.statusCode}`);
    firstTaskAt ??= performance.now();
    engineSeconds += await workOn(answer, options);
    lastPostAt = performance.now();
    tasks += 1;
  }
  return { tasks, wallSeconds: (lastPostAt - firstTaskAt) / 1000, engineSeconds };
}

/** @returns the seconds of the engine. */
async function workOn(
  answer: IncomingMessage,
  { url, folder, whisperCli, model, threads }: AncestorOptions,
): Promise<number> {
  const id = String(answer.headers['x-task-id']);
  const language = String(answer.headers['x-language']);
  const startedAt = performance.now();
  const mp3 = path.join(folder, `${id}.mp3`);
  const wav = path.join(folder, `${id}.wav`);
  await save(answer, mp3);
  const durationArguments = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', mp3];
  const minutes = Number(await output('ffprobe', durationArguments)) / 60;
  await output('ffmpeg', ['-y', '-i', mp3, '-ar', '16000', '-ac', '1', '-c:a', 'pcm_s16le', wav]);

  const engineStartedAt = performance.now();
  const quality = ['-bs', '5', '--entropy-thold', '2.8', '--max-context', '64'];
  const how = ['-m', model, '--language', language, '-t', String(threads), ...quality];
  await output(whisperCli, [...how, '-f', wav, '-ovtt']);
  const engineSeconds = (performance.now() - engineStartedAt) / 1000;

  const vtt = readFileSync(`${wav}.vtt`, 'utf8');
  await postPatiently(`${url}/result`, { id, vtt });
  const takenSeconds = ((performance.now() - startedAt) / 1000).toFixed(2);
  const line = [id, language, takenSeconds, minutes.toFixed(2), 'success', ''].join(',');
  appendFileSync(path.join(folder, 'processed.csv'), `${line}\n`);
  for (const file of [mp3, wav, `${wav}.vtt`]) unlinkSync(file);
  return engineSeconds;
}

/** In chunks of 8 kB, as it does. */
async function save(answer: IncomingMessage, file: string): Promise<void> {
  const descriptor = openSync(file, 'w');
  for await (const piece of answer as AsyncIterable<Buffer>) {
    for (let at = 0; at < piece.byteLength; at += chunkBytes) {
      writeSync(descriptor, piece.subarray(at, at + chunkBytes));
    }
  }
  closeSync(descriptor);
}

async function output(file: string, args: readonly string[]): Promise<string> {
  const end = await runChild({ file, args, stdoutLimitBytes: 100_000 });
  if (end.exitCode !== 0) throw new Error(`${file}: ${end.outputTail}`);
  return end.stdout.trim();
}

/** Each call opens a connection of its own, as `requests.get` does. */
function get(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false, timeout: getTimeoutMs }, resolve);
    asking.on('error', reject).on('timeout', () => asking.destroy(new Error('timeout')));
    asking.end();
  });
}

async function postPatiently(url: string, message: object): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await post(url, message);
      return;
    } catch (error) {
      if (attempt === postTries) throw error;
      await delay(postPauseMs);
    }
  }
}

async function post(url: string, message: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(postTimeoutMs),
  });
  await answer.text();
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status}`);
}

if (process.argv[1] === ancestorProgram) {
  console.log(JSON.stringify(await ancestorLoop(JSON.parse(process.argv[2] ?? '') as AncestorOptions)));
}
