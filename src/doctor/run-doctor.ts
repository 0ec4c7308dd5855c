/**
 * Looks at everything that `stt run` needs, side by side where nothing hinders, and tells of each what was found. It takes no task and
 * changes nothing; a worker may be running meanwhile. What a check needs of others is written here, and nowhere else.
 */
import { AppError } from '../app-error.ts';
import type { DataPaths } from '../config/data-paths.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { explainForbidden } from '../worker/control/explain-forbidden.ts';
import { lookAtWorkers, type WorkersSeen } from '../worker/control/look-at-workers.ts';
import { threadsPerSlot } from '../worker/pipeline/threads-per-slot.ts';
import { clientFor, shownUrl } from '../worker/wire/client-for.ts';
import { askServer } from './ask-server.ts';
import { startCheckRound } from './check-round.ts';
import { checkClock } from './checks/check-clock.ts';
import { checkCredentials, nobodysTask, shownBy, whyNotAsked } from './checks/check-credentials.ts';
import { checkDisk } from './checks/check-disk.ts';
import { checkEngine } from './checks/check-engine.ts';
import { checkFfmpeg } from './checks/check-ffmpeg.ts';
import { checkGpu } from './checks/check-gpu.ts';
import { checkMemory } from './checks/check-memory.ts';
import { checkModel } from './checks/check-model.ts';
import { checkProgram } from './checks/check-program.ts';
import { checkSample } from './checks/check-sample.ts';
import { checkSchedule } from './checks/check-schedule.ts';
import { checkServer } from './checks/check-server.ts';
import { checkService } from './checks/check-service.ts';
import { checkSettings } from './checks/check-settings.ts';
import { areBusy, checkOutbox, checkWorkers } from './checks/check-workers.ts';
import type { DoctorOptions } from './doctor-options.ts';
import { findModel, findVadModel } from '../engine/find-engine.ts';
import { type Finding, ok, skipped, worstExitCode } from './finding.ts';

export type Diagnosis = {
  /** Nothing failed. */
  isWell: boolean;
  exitCode: ExitCode;
  seconds: number;
  checks: Finding[];
};

const defaultAnswerMs = 10_000;

/** @throws AppError STT_INTERRUPTED; all that was started has ended then. */
export async function runDoctor(options: DoctorOptions): Promise<Diagnosis> {
  const startedAt = performance.now();
  try {
    const checks = await examine(options);
    const exitCode = worstExitCode(checks);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    return { isWell: exitCode === exitCodes.ok, exitCode, seconds, checks };
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw new AppError('Stopped before everything was looked at; nothing is left running.', {
      code: 'STT_INTERRUPTED',
      exitCode: exitCodes.interrupted,
      cause: error,
    });
  }
}

/** In the order in which they are told. */
async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { program, machine, shortPath, clock, isQuick, asksServer, signal } = options;
  const { begin, finish } = startCheckRound(options);
  const onProgress = (name: 'model' | 'vad') => (fraction: number) => options.onProgress?.(name, fraction);

  begin('program', [], () => checkProgram(program));
  const configured = begin('settings', [], () => checkSettings(options.configure(), { ...machine, shortPath }));
  const workersSeen = once((paths: DataPaths) =>
    explainForbidden(paths.folder, 'stt doctor', () => lookAtWorkers(paths, clock.now())),
  );
  const isBusy = (paths: DataPaths): Promise<boolean> => workersSeen(paths).then(areBusy, () => false);

  const ffmpeg = begin('ffmpeg', [], () => checkFfmpeg(signal));
  const engine = begin('engine', [configured], (of) => checkEngine({ ...of, shortPath, signal }));
  const lookAtModel = (file: string, { models }: DataPaths, name: 'model' | 'vad') =>
    checkModel({ file, modelsFolder: models, shortPath, isRead: !isQuick, onProgress: onProgress(name), signal });
  const model = begin('model', [configured], async ({ settings, paths }) =>
    lookAtModel((await findModel(settings, paths)).modelFile, paths, 'model'),
  );
  const vad = begin('vad', [configured], async ({ settings, paths }) => {
    const file = await findVadModel(settings, paths);
    if (file !== undefined) return lookAtModel(file, paths, 'vad');
    return ok(settings.vadEnabled === false ? 'off (VAD_ENABLED)' : 'off: there is no model for it', undefined);
  });
  const sample = begin('sample', [configured, ffmpeg, engine, model, vad], async ({ settings, paths }) => {
    if (isQuick) return skipped('left out (--quick)');
    const threads = threadsPerSlot(settings.threads, 1, machine.processors);
    return checkSample({ settings, paths, threads, isBusy: await isBusy(paths), signal });
  });
  begin('gpu', [engine, model, sample], ({ file, isOwn }, { sha256 }, sample) =>
    checkGpu({ file, isOwn, sample, modelSha256: sha256 }),
  );
  begin('memory', [configured, model], async ({ settings, paths }, { sizeBytes, known }) =>
    checkMemory({
      ...machine,
      modelBytes: sizeBytes,
      neededBytes: known?.memoryBytes,
      slots: settings.slots ?? 1,
      isBusy: await isBusy(paths),
    }),
  );
  begin('disk', [configured], ({ paths }) => checkDisk(paths, shortPath));

  const server = begin('server', [configured], async ({ settings }) => {
    if (!asksServer) return skipped('left out (--no-server)');
    const timeoutMs = options.answerMs ?? defaultAnswerMs;
    return checkServer(await askServer(settings.serverUrl, { signal, timeoutMs }), shownUrl(settings.serverUrl));
  });
  begin('credentials', [configured, server], async ({ settings }, { flavour }) => {
    const shown = shownBy(settings);
    const unasked = whyNotAsked(flavour, shown);
    if (unasked !== undefined) return unasked;
    const answer = await clientFor(settings, clock).sendHeartbeat({ id: nobodysTask }, signal);
    signal.throwIfAborted();
    return checkCredentials(answer, flavour, shown);
  });
  begin('clock', [server], checkClock);
  begin('schedule', [configured], ({ settings }) => checkSchedule({ ...machine, settings, nowMs: clock.now() }));

  begin('outbox', [configured], async ({ paths }) => checkOutbox(await workersSeen(paths)));
  begin('worker', [configured], async ({ paths }) => checkWorkers(await workersSeen(paths)));
  begin('service', [], () => checkService(signal));
  return finish(options.onFinding);
}

/** The same answer to all who ask. */
function once(look: (paths: DataPaths) => Promise<WorkersSeen>): (paths: DataPaths) => Promise<WorkersSeen> {
  let seen: Promise<WorkersSeen> | undefined;
  return (paths) => (seen ??= look(paths));
}
