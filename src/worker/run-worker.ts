/**
 * Puts a worker together and runs it: proves the engine, opens the outbox, listens to people and the clock, runs the pipeline, says
 * what came of it. Decides nothing about a task.
 */
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { requireFfmpeg } from '../audio/run-ffmpeg.ts';
import type { Clock } from '../clock.ts';
import type { DataPaths } from '../config/data-paths.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { EngineGpus } from '../engine/engine-gpus.ts';
import { type Engine, findEngine } from '../engine/find-engine.ts';
import { proveEngine } from '../engine/prove-engine.ts';
import { requireVerifiedModels } from '../engine/require-verified-models.ts';
import { readCatalogue } from '../models/model-catalogue.ts';
import { type ServiceNotifier, silentNotifier } from '../sd-notify.ts';
import type { Shutdown } from '../shutdown.ts';
import { diskError } from './disk-error.ts';
import { importAncestorFolders } from './outbox/import-ancestor-folders.ts';
import { openOutbox, type Outbox } from './outbox/outbox.ts';
import { watchBrokenWorker } from './pipeline/broken-worker.ts';
import { measureDryTime, measureEngineIdle } from './pipeline/engine-idle.ts';
import { runPipeline } from './pipeline/pipeline.ts';
import type { RunMode } from './pipeline/supply.ts';
import { threadsPerSlot } from './pipeline/threads-per-slot.ts';
import { openWorkFolder, type WorkFolder } from './pipeline/work-folder.ts';
import { demoModelNote } from './report/describe-event.ts';
import { cronStarts } from './schedule/cron-starts.ts';
import { stopInTime } from './schedule/stop-in-time.ts';
import { createWorkPermit } from './schedule/work-permit.ts';
import { tellService } from './service/tell-service.ts';
import { steerWorker } from './steer-worker.ts';
import { type Listeners, tellListeners } from './tell-listeners.ts';
import { clientFor, workerName, shownUrl } from './wire/client-for.ts';
import { watchServer } from './wire/server-presence.ts';
import { addToSummary, emptySummary, type Report, type Summary } from './worker-event.ts';

export type WorkerOptions = {
  settings: WorkerSettings;
  paths: DataPaths;
  /** Where an ancestor's worker may have left transcripts: the working directory. */
  ancestorFolder: string;
  mode: RunMode;
  report: Report;
  shutdown: Pick<Shutdown, 'drain' | 'abort'>;
  /** Where systemd started it. */
  notifier?: ServiceNotifier;
  clock: Clock;
  /** Of this machine. */
  processors: number;
};

/** A run that ends by itself tries so long to deliver what waits in the outbox. */
const flushMs = 10_000;
const batchPatience = { atStartMs: 10_000, laterMs: 120_000 };
/** A task that waits for the server so long is better given back than held. */
const longestHoldMs = 600_000;
const endlessPatience = { atStartMs: Infinity, laterMs: Infinity };

/** @throws AppError where the worker cannot begin, or a run that is to end by itself cannot go on. */
export async function runWorker(options: WorkerOptions): Promise<Summary> {
  const { settings, paths, clock, shutdown } = options;
  await using listeners = tellListeners({ settings, paths, clock, report: options.report, drain: shutdown.drain });
  try {
    return await run(options, listeners);
  } catch (error) {
    // Asked to stop before it had begun.
    if (error === shutdown.drain.reason) return emptySummary;
    const isDisk = diskFaults.has(systemErrorCode(error) ?? '');
    const problem = isDisk ? diskError('This machine cannot go on', 'STT_DISK', error) : error;
    const { code, hint } = problem instanceof AppError ? problem : { code: 'STT_BUG', hint: undefined };
    listeners.reportToOthers({ event: 'error', code, message: messageOf(problem), hint });
    throw problem;
  }
}

const diskFaults = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'ENOTDIR', 'EIO', 'EACCES', 'EPERM']);

async function run(options: WorkerOptions, { report, join }: Listeners): Promise<Summary> {
  const { settings, paths, mode, shutdown, clock, processors } = options;
  let summary = emptySummary;
  join((event) => (summary = addToSummary(summary, event)));

  await using service = tellService({
    notifier: options.notifier ?? silentNotifier,
    stopMs: settings.stopSeconds * 1000,
    drain: shutdown.drain,
    report,
    clock,
    elapsedMs: () => performance.now(),
  });
  // A wrong one is said before anything takes its time.
  if (settings.cron !== undefined) cronStarts(settings.cron);
  await requireFfmpeg(shutdown.drain);
  const found = await findEngine(settings, paths);
  const { drain: signal } = shutdown;
  await requireVerifiedModels(found, { catalogue: readCatalogue(), modelsFolder: paths.models, signal });
  await using workFolder = await openWorkFolder(paths.work);
  const { devices, gpuInUse } = await prove(
    found,
    workFolder,
    threadsPerSlot(settings.threads, 1, processors),
    shutdown.drain,
  );
  const engine = { ...found, expectsGpu: gpuInUse !== undefined };
  const gpus = devices.length;
  const slots = mode === 'once' ? 1 : (settings.slots ?? Math.max(1, gpus));
  const threads = threadsPerSlot(settings.threads, slots, processors);
  const client = clientFor(settings, clock);
  await importAncestorFolders({
    folders: [options.ancestorFolder, paths.folder],
    outboxFolder: paths.outbox,
    report,
  });
  const outbox = await openOutbox({ folder: paths.outbox, client, clock, report });

  const permit = createWorkPermit(report);
  const dryTime = measureDryTime(clock);
  const engineIdle = measureEngineIdle(clock, dryTime);
  const ended = new AbortController();
  const working = AbortSignal.any([shutdown.drain, ended.signal]);
  await using steering = steerWorker({
    settings,
    paths,
    keepsHours: mode === 'forever',
    permit,
    waiting: await outbox.countWaiting(),
    engineIdleSeconds: engineIdle.totalSeconds,
    clock,
    report,
    signal: working,
  });
  join(steering.hear);
  service.follow(steering.status);
  join(service.hear);
  tellStart(options, engine, { slots, threads, report });
  await steering.begin();
  const stop = stopInTime({ shutdown, stopMs: settings.stopSeconds * 1000, permit, clock });
  const broken = watchBrokenWorker({ engine, gpus, threads, workFolder, permit, clock, signal: working });
  const patience = mode === 'forever' ? endlessPatience : batchPatience;
  const presence = watchServer(shownUrl(settings.serverUrl), patience, clock, report);
  const delivering = outbox.deliverInBackground(working);
  try {
    await runPipeline({
      mode,
      client,
      presence,
      engine,
      slots,
      threads,
      gpus,
      prefetch: settings.prefetch,
      outbox,
      workFolder,
      permit,
      clock,
      report,
      newCall: stop.newCall,
      onBroken: broken.declare,
      patienceMs: Math.min(patience.laterMs, longestHoldMs),
      dryTime,
      engineIdle,
    });
  } finally {
    ended.abort();
    await Promise.all([delivering, broken.ended()]);
    const waiting = await deliverLast(outbox, shutdown.drain);
    stop.ended();
    summary = { ...summary, waiting, engineIdleSeconds: engineIdle.totalSeconds() };
    report({ event: 'summary', demoModel: engine.isDemoModel, ...summary });
  }
  return summary;
}

/** A worker that is stopped leaves it to the next start. @returns letters that still wait. */
function deliverLast(outbox: Outbox, drain: AbortSignal): Promise<number> {
  return drain.aborted ? outbox.countWaiting() : outbox.flush(flushMs, drain);
}

/** @throws AppError where the engine does not work. */
async function prove(
  engine: Engine,
  workFolder: WorkFolder,
  threads: number,
  signal: AbortSignal,
): Promise<EngineGpus> {
  await using folder = workFolder.newTaskFolder();
  await folder.make();
  return await proveEngine(engine, { folder: folder.path, threads, signal });
}

type Start = { slots: number; threads: number; report: Report };

function tellStart({ settings, processors }: WorkerOptions, engine: Engine, { slots, threads, report }: Start): void {
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
}
