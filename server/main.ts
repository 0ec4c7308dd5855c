/**
 * The server, put together: library, database, queue, HTTP, and the two loops (scan, sweep). Nothing is decided here; what was
 * opened first is closed last.
 */
import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { AppError, messageOf } from '../src/app-error.ts';
import { type Clock, systemClock } from '../src/clock.ts';
import { dataPaths } from '../src/config/data-paths.ts';
import { dataFolder, serverEnvFile } from '../src/config/load-settings.ts';
import type { ServerSettings } from '../src/config/server-settings.ts';
import { exitCodes } from '../src/exit-codes.ts';
import type { Logger } from '../src/logger.ts';
import { type ServiceNotifier, silentNotifier } from '../src/sd-notify.ts';
import { openAccess } from './access/open-access.ts';
import { isLoopback } from './access/require-safe-address.ts';
import { allRoutes } from './http/all-routes.ts';
import { startHttpServer } from './http/http-server.ts';
import { tlsPathsOf } from './http/tls-files.ts';
import { Library } from './library/library.ts';
import { proveRoom } from './library/prove-room.ts';
import { startScan } from './library/start-scan.ts';
import { Metrics } from './metrics/metrics.ts';
import { openStore } from './queue/open-store.ts';
import { repeat } from './repeat.ts';
import { tellService } from './service/tell-service.ts';
import { Bell } from './tasks/bell.ts';
import { Claims } from './tasks/claims.ts';
import { Deliveries } from './tasks/deliveries.ts';
import { Leases } from './tasks/leases.ts';
import { ProcessedCsv } from './tasks/processed-csv.ts';
import { Readiness } from './tasks/readiness.ts';
import { Storage } from './tasks/storage.ts';
import { closeWhatStarted } from './threads/close-what-started.ts';
import { TranscriptReader } from './transcripts/transcript-reader.ts';

export type StartOptions = {
  settings: ServerSettings;
  logger: Logger;
  clock?: Clock;
  /** Where systemd started it. */
  notifier?: ServiceNotifier;
  /** Ends the first scan early; close the server afterwards. */
  signal?: AbortSignal;
};

export type RunningServer = {
  url: string;
  /** Aborts, with the error as its reason, when a part of the server ended by itself: then it should be closed. */
  failed: AbortSignal;
  /** Takes no new work, lets running requests finish briefly (not when `now` aborts), then closes everything. */
  close: (now?: AbortSignal) => Promise<void>;
};

const sweepMs = 15_000;
/** A download from which nothing was taken for so long is cut off. */
const stallMs = 60_000;

/** Resolves when the library has been scanned for the first time; requests are answered from a moment earlier. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { settings, logger, clock = systemClock, notifier = silentNotifier } = options;
  notifier.status('starting');
  const root = await requireLibrary(settings.audioDir);
  const failing = new AbortController();
  const onFailure = (error: Error): void => {
    logger.fatal({ err: error }, 'a part of the server ended by itself');
    failing.abort(error);
  };
  const { maxAttempts, order, transcriptName, formats } = settings;
  const metrics = new Metrics(clock);
  const bell = new Bell(clock);
  const reader = new TranscriptReader({ formats, logger });
  const { port1: scanPort, port2: storePort } = new MessageChannel();

  await using opened = new AsyncDisposableStack();
  const begin = <T>(starting: Promise<T>, close: (part: T) => Promise<void>): Promise<T> =>
    closeWhatStarted(opened, starting, close);
  // Threads take their time to start: all at once.
  const [database, library, , scan] = await Promise.all([
    begin(
      openStore({
        file: settings.databaseFile ?? dataPaths(dataFolder(settings)).database,
        policy: { maxAttempts, order },
        onFailure,
        onTrouble: (error) => storage.databaseFailed(error),
      }),
      (part) => part.close(),
    ),
    begin(Library.start({ root, transcriptPattern: transcriptName, onFailure }), (part) => part.close()),
    begin(reader.start(), () => reader.close()),
    begin(
      startScan({
        ...settings,
        root,
        store: scanPort,
        logger,
        clock,
        onTasks: (tasks) => bell.ring(tasks),
        onScanned: (seconds) => metrics.scanned(seconds),
        onFailure,
      }),
      (part) => part.end(),
    ),
  ]);
  await database.connect(storePort);
  const { store, file, foreignFile } = database;
  if (foreignFile !== undefined) {
    logger.warn({ file: foreignFile, instead: file }, 'DB_FILE belongs to another program and stays as it is');
  }
  const processed = new ProcessedCsv({
    file: path.join(path.dirname(file), 'processed.csv'),
    libraryRoot: root,
    logger,
  });
  const storage = new Storage({
    probes: {
      library: () => proveRoom(root),
      database: () => proveRoom(path.dirname(file)).then(() => store.proveWritable()),
    },
    logger,
  });
  const parts = {
    storage,
    queue: store,
    catalogue: store,
    desk: store,
    library,
    bell,
    processed,
    metrics,
    clock,
    logger,
  };
  const shared = { ...parts, readiness: new Readiness(library, store, storage), sweepMs };
  const { readiness } = shared;
  const service = tellService({ notifier, readiness, desk: store, roundMs: sweepMs, logger });
  metrics.follow({ desk: store, readiness, libraryRoot: root, databaseFolder: path.dirname(file) });
  const leases = new Leases({ ...shared, onChangedFromOutside: () => scan.distrust() });
  const claims = new Claims({
    ...shared,
    leases,
    leaseMs: settings.leaseSeconds * 1000,
    legacyLeaseMs: settings.legacyLeaseHours * 3_600_000,
  });
  const deliveries = new Deliveries({ ...shared, reader, transcriptPattern: transcriptName });
  // Before anything changes: where nobody may listen, nothing has begun.
  const access = await openAccess({ settings, credentials: store, metrics, clock, logger });
  const { refreshed } = await store.sweep(clock.now(), true);
  if (refreshed > 0) logger.info({ leases: refreshed }, 'leases from before the restart got a fresh term');

  const http = await startHttpServer({
    host: settings.host,
    port: settings.port,
    routes: allRoutes({ ...shared, claims, leases, deliveries, stallMs, onPurged: () => scan.distrust() }),
    access,
    isLocalOnly: isLoopback(settings.host),
    trustedProxies: settings.trustedProxies,
    tls: tlsPathsOf(settings),
    metrics,
    logger,
  });
  const stopping = new AbortController();
  opened.defer(() => http.close(AbortSignal.abort()));
  service.listening();

  const loop = { clock, logger, signal: stopping.signal };
  // The first scan may take long, and leases run out meanwhile.
  const sweeping = repeat({
    ...loop,
    what: 'the sweep',
    everyMs: sweepMs,
    work: () => leases.sweep().finally(service.round),
  });
  opened.defer(() => {
    stopping.abort();
    return sweeping;
  });

  const stopped = AbortSignal.any([stopping.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  await scan.run(stopped);
  readiness.scanned();
  service.scanned();
  const scanEveryMs = settings.scanSeconds * 1000;
  const loops = [
    sweeping,
    repeat({ ...loop, what: 'the scan', everyMs: scanEveryMs, work: () => scan.run(stopping.signal) }),
  ];

  const resources = opened.move();
  let closing: Promise<void> | undefined;
  const close = async (now?: AbortSignal): Promise<void> => {
    readiness.stopping();
    service.stopping();
    bell.stop();
    stopping.abort();
    await http.close(now);
    await Promise.all(loops);
    await resources.disposeAsync();
  };
  return { url: http.url, failed: failing.signal, close: (now) => (closing ??= close(now)) };
}

/** @returns the absolute path of the library. */
async function requireLibrary(audioDir: string | undefined): Promise<string> {
  if (audioDir === undefined) {
    throw new AppError('No library is set.', {
      code: 'STT_LIBRARY_UNSET',
      hint: `Name the directory with the recordings: --library DIR, or AUDIO_DIR in ${serverEnvFile()}.`,
      exitCode: exitCodes.config,
    });
  }
  const root = path.resolve(audioDir);
  try {
    await (await opendir(root)).close();
    return root;
  } catch (error) {
    throw new AppError(`The library ${root} cannot be read: ${messageOf(error)}.`, {
      code: 'STT_LIBRARY_MISSING',
      hint: 'Make the directory, mount its disk, let this user read it, or name another one with --library DIR (AUDIO_DIR).',
      exitCode: exitCodes.noInput,
      cause: error,
    });
  }
}
