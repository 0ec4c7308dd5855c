/**
 * The whole system on one machine: a real `stt-server` on a temporary library, a real `stt run` beside it, both as programs of
 * their own. Whatever happens, both are gone when this returns.
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { availableParallelism, devNull, tmpdir } from 'node:os';
import path from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { probeAudio } from '../audio/probe-audio.ts';
import { type DataPaths, modelFile } from '../config/data-paths.ts';
import { exitCodes } from '../exit-codes.ts';
import { packageFolder } from '../package-folder.ts';
import { parseTranscript, spokenText } from '../protocol/web-vtt.ts';
import { type ChildEnd, describeEnd, runChild } from '../run-child.ts';
import { type DemoOutcome, type Heard, judgeDemo } from './demo-report.ts';
import { makeLibrary, readSamples, type Sample } from './samples.ts';

const serverProgram = path.join(packageFolder, 'bin', 'stt-server.js');
const workerProgram = path.join(packageFolder, 'bin', 'stt.js');

export type DemoOptions = {
  paths: DataPaths;
  /** Aborting ends server and worker. */
  signal: AbortSignal;
  /** Whether the worker shows its own live progress on our terminal. */
  showProgress: boolean;
};

export type Demo = { outcome: DemoOutcome; library: string };

export async function runDemo(options: DemoOptions): Promise<Demo> {
  const samples = await readSamples();
  const folder = await makeDemoFolder(samples);
  const library = libraryIn(folder);

  const startedAt = performance.now();
  const stopServer = new AbortController();
  const ownSignal = AbortSignal.any([options.signal, stopServer.signal]);
  const server = startServer(folder, library, ownSignal);
  try {
    const url = await server.listening;
    await runWorker(folder, url, options);
  } catch (error) {
    throw options.signal.aborted ? interrupted() : error;
  } finally {
    stopServer.abort();
    await server.ended;
  }
  const wallSeconds = (performance.now() - startedAt) / 1000;
  if (options.signal.aborted) throw interrupted();

  const heard = await Promise.all(samples.map((sample) => readTranscript(library, sample)));
  const audioSeconds = await audioSecondsOf(samples, options.signal);
  return { outcome: judgeDemo(heard, audioSeconds, wallSeconds), library };
}

function interrupted(): AppError {
  return new AppError('The demo was interrupted; nothing is left running.', {
    code: 'STT_INTERRUPTED',
    exitCode: exitCodes.interrupted,
  });
}

type StartedServer = { listening: Promise<string>; ended: Promise<ChildEnd> };

/** `listening` gives the URL; it rejects when the server ends before it listens. */
function startServer(folder: string, library: string, signal: AbortSignal): StartedServer {
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
  // Whoever stops us may not have come to `await listening` yet.
  listening.catch(() => {});
  const ended = runChild({
    file: process.execPath,
    args: [serverProgram, '--library', library, '--port', '0', '--database', path.join(folder, 'tasks.sqlite')],
    cwd: folder,
    // The settings of this machine's own server are not the demo's. The samples were copied a moment ago, and wholly.
    env: { STT_ENV_FILE: devNull, LOG_DIR: path.join(folder, 'logs'), STT_SETTLE_SECONDS: '0' },
    signal,
    onLine: (line) => {
      const url = listeningUrl(line);
      if (url !== undefined) resolve(url);
    },
  });
  ended.then(
    (end) => reject(serverEnded(end)),
    (error: unknown) => reject(error),
  );
  return { listening, ended };
}

function listeningUrl(line: string): string | undefined {
  return /"url":"(http:[^"]+)"/u.exec(line)?.[1];
}

function serverEnded(end: ChildEnd): AppError {
  return new AppError(`The server ended before it listened: ${describeEnd(end)}.\n${end.outputTail}`, {
    code: 'STT_DEMO_SERVER',
    hint: 'Its last lines stand above.',
    exitCode: exitCodes.unavailable,
  });
}

/** Two tasks at once where there are processors for them. */
const slots = String(Math.min(2, availableParallelism()));

async function runWorker(folder: string, url: string, options: DemoOptions): Promise<void> {
  const end = await runChild({
    file: process.execPath,
    args: [workerProgram, 'run', '--until-empty', '--server', url],
    cwd: folder,
    // A data folder of its own, so that the demo leaves no trace in the user's records. One thread for each slot: the engine's
    // threads wait for each other by spinning, so two tasks at once gain more than two threads for one.
    env: {
      // The settings of this machine's own worker are not the demo's.
      STT_ENV_FILE: devNull,
      STT_DATA_DIR: path.join(folder, 'worker'),
      STT_WHISPER_CLI: options.paths.whisperCli,
      STT_MODEL: modelFile(options.paths, 'demo-digits'),
      STT_SLOTS: slots,
      STT_THREADS: slots,
      NODE_NAME: 'demo',
    },
    signal: options.signal,
    killAfterMs: 8000,
    output: options.showProgress ? 'inherit' : 'pipe',
  });
  // A recording that failed shows in the figures; a worker that could not work at all must speak.
  if (end.exitCode === exitCodes.ok || end.exitCode === exitCodes.data || options.signal.aborted) return;
  throw new AppError(`The worker failed: ${describeEnd(end)}.\n${end.outputTail}`, {
    code: 'STT_DEMO_WORKER',
    hint: 'Its last lines stand above.',
    exitCode: exitCodes.unavailable,
  });
}

async function readTranscript(library: string, sample: Sample): Promise<Heard> {
  const transcriptFile = path.join(library, `${sample.name}.vtt`);
  try {
    const { cues } = parseTranscript(await readFile(transcriptFile, 'utf8'));
    return { sample, heard: spokenText(cues), transcriptFile };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { sample, heard: undefined, transcriptFile };
    throw error;
  }
}

const libraryIn = (folder: string): string => path.join(folder, 'library');

/** In the folder for temporary files: the system clears it, since the transcripts stay for the user to look at. */
async function makeDemoFolder(samples: readonly Sample[]): Promise<string> {
  try {
    const folder = await mkdtemp(path.join(tmpdir(), 'stt-demo-'));
    await makeLibrary(libraryIn(folder), samples);
    return folder;
  } catch (error) {
    throw new AppError(`The folder for temporary files cannot be used: ${messageOf(error)}.`, {
      code: 'STT_DEMO_FOLDER',
      hint: 'Set TMPDIR to a directory with some room that this user may write.',
      exitCode: exitCodes.ioError,
      cause: error,
    });
  }
}

/** The length of all samples together, in seconds. */
async function audioSecondsOf(samples: readonly Sample[], signal: AbortSignal): Promise<number> {
  const probes = await Promise.all(samples.map((sample) => probeAudio(sample.recording, signal)));
  return probes.reduce((total, probe) => total + (probe.kind === 'audio' ? (probe.durationSeconds ?? 0) : 0), 0);
}
