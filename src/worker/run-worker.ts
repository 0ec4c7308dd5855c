/** Puts a worker together and runs it: proves the engine, opens the outbox, runs the slots, says what came of it. */
import { hostname } from 'node:os';
import { systemErrorCode } from '../app-error.ts';
import { requireFfmpeg } from '../audio/run-ffmpeg.ts';
import type { Clock } from '../clock.ts';
import type { DataPaths } from '../config/data-paths.ts';
import type { WorkerSettings } from '../config/settings.ts';
import { type Engine, findEngine } from '../engine/find-engine.ts';
import { proveEngine } from '../engine/prove-engine.ts';
import type { Shutdown } from '../shutdown.ts';
import { demoModelNote } from './describe-event.ts';
import { diskError } from './disk-error.ts';
import { openOutbox } from './outbox.ts';
import { createServerClient } from './server-client.ts';
import { watchServer } from './server-presence.ts';
import { type RunMode, runSlot } from './slot.ts';
import { threadsPerSlot } from './threads-per-slot.ts';
import { addToSummary, emptySummary, type Report, type Summary } from './worker-event.ts';
import { openWorkFolder, type WorkFolder } from './work-folder.ts';

export type WorkerOptions = {
  settings: WorkerSettings;
  paths: DataPaths;
  mode: RunMode;
  report: Report;
  shutdown: Pick<Shutdown, 'drain' | 'abort'>;
  clock: Clock;
  /** Of this machine. */
  processors: number;
  /** Settings that are present and not read. */
  ignoredSettings: readonly string[];
};

/** A stopping worker has so long for its last calls to the server. */
const lastCallsMs = 4000;
/** A run that ends by itself tries so long to deliver what waits in the outbox. */
const flushMs = 10_000;
const batchPatience = { atStartMs: 10_000, laterMs: 120_000 };
const endlessPatience = { atStartMs: Infinity, laterMs: Infinity };

/** @throws AppError where the worker cannot begin, or a run that is to end by itself cannot go on. */
export async function runWorker(options: WorkerOptions): Promise<Summary> {
  try {
    return await run(options);
  } catch (error) {
    // Asked to stop before it had begun.
    if (error === options.shutdown.drain.reason) return emptySummary;
    throw diskFaults.has(systemErrorCode(error) ?? '')
      ? diskError('This machine cannot go on', 'STT_DISK', error)
      : error;
  }
}

const diskFaults = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ENOTDIR', 'EIO', 'EACCES', 'EPERM']);

async function run(options: WorkerOptions): Promise<Summary> {
  const { settings, paths, mode, shutdown, clock } = options;
  let summary = emptySummary;
  const report: Report = (event) => {
    summary = addToSummary(summary, event);
    options.report(event);
  };

  // One slot that cannot go on stops the others.
  const giveUp = new AbortController();
  const stop = AbortSignal.any([shutdown.drain, giveUp.signal]);
  const slots = mode === 'once' ? 1 : settings.slots;
  const threads = threadsPerSlot(settings.threads, slots, options.processors);

  await requireFfmpeg(stop);
  const engine = await findEngine(settings, paths);
  await using workFolder = await openWorkFolder(paths.work);
  await prove(engine, workFolder, threads, stop);
  const client = createServerClient({
    serverUrl: settings.serverUrl,
    workerName: workerName(settings),
    credentials: credentialsOf(settings),
    token: settings.token,
    clock,
  });
  const outbox = await openOutbox({ folder: paths.outbox, client, clock, report });
  tellStart(options, engine, slots, threads, report);

  const patience = mode === 'forever' ? endlessPatience : batchPatience;
  const presence = watchServer(shownUrl(settings.serverUrl), patience, clock, report);
  const lastCalls = lastCallsSignal(shutdown);
  const slotsEnded = new AbortController();
  const delivering = outbox.deliverInBackground(AbortSignal.any([stop, slotsEnded.signal]));

  const common = { client, engine, threads, outbox, workFolder, clock, report, stop, lastCalls, mode, presence };
  const running = Array.from({ length: slots }, async (_, index) => {
    try {
      await runSlot({ ...common, slot: index + 1, processedCsv: paths.workerProcessedCsv });
    } catch (error) {
      giveUp.abort(error);
    }
  });
  await Promise.all(running);
  slotsEnded.abort();
  await delivering;
  const waiting = stop.aborted ? await outbox.countWaiting() : await outbox.flush(flushMs, lastCalls);
  summary = { ...summary, waiting };
  report({ event: 'summary', demoModel: engine.isDemoModel, ...summary });
  if (giveUp.signal.aborted) throw giveUp.signal.reason;
  return summary;
}

async function prove(engine: Engine, workFolder: WorkFolder, threads: number, signal: AbortSignal): Promise<void> {
  await using folder = await workFolder.makeTaskFolder();
  await proveEngine(engine, { folder: folder.path, threads, signal });
}

function tellStart(
  { settings, processors, ignoredSettings }: WorkerOptions,
  engine: Engine,
  slots: number,
  threads: number,
  report: Report,
): void {
  report({
    event: 'started',
    worker: workerName(settings),
    server: shownUrl(settings.serverUrl),
    model: engine.modelName,
    engine: engine.whisperCli,
    slots,
    threads,
    vad: engine.vadModelFile !== undefined,
    demoModel: engine.isDemoModel,
  });
  if (engine.isDemoModel)
    report({ event: 'warning', message: `This is the ${demoModelNote}. For real work set STT_MODEL.` });
  if (settings.threads !== undefined && settings.threads > processors) {
    const message = `STT_THREADS is ${settings.threads}, but this machine has only ${processors} processor(s): that slows the engine down.`;
    report({ event: 'warning', message });
  }
  if (ignoredSettings.length > 0) {
    report({ event: 'warning', message: `Not yet supported, and ignored: ${ignoredSettings.join(', ')}.` });
  }
}

const workerName = (settings: WorkerSettings): string => settings.nodeName ?? hostname();

function credentialsOf({ authEnabled, username, password }: WorkerSettings) {
  return authEnabled && username !== undefined && password !== undefined ? { username, password } : undefined;
}

/** Without a user name and password that may stand in it. */
function shownUrl(serverUrl: string): string {
  const { origin, pathname } = new URL(serverUrl);
  return origin + pathname.replace(/\/$/u, '');
}

/** Aborts some seconds after the worker was asked to stop, or at once with the second signal. */
function lastCallsSignal({ drain, abort }: Pick<Shutdown, 'drain' | 'abort'>): AbortSignal {
  const controller = new AbortController();
  const end = (): void => controller.abort(new Error('the worker stops'));
  const startCounting = (): void => AbortSignal.timeout(lastCallsMs).addEventListener('abort', end, { once: true });
  if (drain.aborted) startCounting();
  else drain.addEventListener('abort', startCounting, { once: true });
  abort.addEventListener('abort', end, { once: true });
  return controller.signal;
}
