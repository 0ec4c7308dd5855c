/**
 * The server, put together: library, database, queue, HTTP, and the two loops (scan, sweep). Nothing is decided here; what was
 * opened first is closed last.
 */
import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../src/app-error.ts';
import { type Clock, systemClock } from '../src/clock.ts';
import { dataPaths } from '../src/config/data-paths.ts';
import { dataFolder } from '../src/config/load-settings.ts';
import type { ServerSettings } from '../src/config/settings.ts';
import { exitCodes } from '../src/exit-codes.ts';
import type { Logger } from '../src/logger.ts';
import { startHttpServer } from './http/http-server.ts';
import { makeRoutes } from './http/routes.ts';
import { Library } from './library/library.ts';
import { LibraryScan } from './library/library-scan.ts';
import { openDatabase } from './queue/sqlite/open-database.ts';
import { SqliteTaskCatalogue } from './queue/sqlite/sqlite-task-catalogue.ts';
import { SqliteTaskQueue } from './queue/sqlite/sqlite-task-queue.ts';
import { repeat } from './repeat.ts';
import { Bell } from './tasks/bell.ts';
import { Claims } from './tasks/claims.ts';
import { Deliveries } from './tasks/deliveries.ts';
import { Leases } from './tasks/leases.ts';
import { ProcessedCsv } from './tasks/processed-csv.ts';
import { Readiness } from './tasks/readiness.ts';

export type StartOptions = {
  settings: ServerSettings;
  logger: Logger;
  clock?: Clock;
  /** Ends the first scan early; close the server afterwards. */
  signal?: AbortSignal;
};

export type RunningServer = {
  url: string;
  /** Takes no new work, lets running requests finish briefly (not when `now` aborts), then closes everything. */
  close: (now?: AbortSignal) => Promise<void>;
};

const sweepMs = 15_000;
const closeGraceMs = 5000;
/** A download from which nothing was taken for so long is cut off. */
const stallMs = 60_000;

/** Resolves when the library has been scanned for the first time; requests are answered from a moment earlier. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { settings, logger, clock = systemClock } = options;
  const library = new Library(await requireLibrary(settings.audioDir));
  const { db, file, foreignFile } = openDatabase(settings.databaseFile ?? dataPaths(dataFolder(settings)).database);
  if (foreignFile !== undefined) {
    logger.warn({ file: foreignFile, instead: file }, 'DB_FILE belongs to another program and stays as it is');
  }
  await using opened = new AsyncDisposableStack();
  opened.defer(() => db.close());

  const queue = new SqliteTaskQueue(db, { maxAttempts: settings.maxAttempts, jitter: Math.random });
  const catalogue = new SqliteTaskCatalogue(db);
  const bell = new Bell(clock);
  const processed = new ProcessedCsv({
    file: path.join(path.dirname(file), 'processed.csv'),
    libraryRoot: library.root,
    logger,
  });
  const readiness = new Readiness(library, catalogue);
  const shared = { queue, catalogue, library, readiness, bell, processed, clock, logger, sweepMs };
  const leases = new Leases(shared);
  const claims = new Claims({
    ...shared,
    leases,
    leaseMs: settings.leaseSeconds * 1000,
    legacyLeaseMs: settings.legacyLeaseHours * 3_600_000,
  });
  const deliveries = new Deliveries(shared);
  const scan = new LibraryScan({ ...shared, ...settings, onTasks: () => bell.ring() });

  const refreshed = await queue.refreshTerms(clock.now());
  if (refreshed > 0) logger.info({ leases: refreshed }, 'leases from before the restart got a fresh term');

  const http = await startHttpServer({
    host: settings.host,
    port: settings.port,
    routes: makeRoutes({ claims, leases, deliveries, readiness, stallMs }),
    logger,
  });
  const stopping = new AbortController();
  opened.defer(() => http.close(0));

  const stopped = AbortSignal.any([stopping.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  await scan.run(stopped);
  readiness.scanned();
  const loop = { clock, logger, signal: stopping.signal };
  const loops = [
    repeat({ ...loop, what: 'the scan', everyMs: settings.scanSeconds * 1000, work: () => scan.run(stopping.signal) }),
    repeat({ ...loop, what: 'the sweep', everyMs: sweepMs, work: () => leases.sweep() }),
  ];

  opened.move();
  let closing: Promise<void> | undefined;
  const close = async (now?: AbortSignal): Promise<void> => {
    readiness.stopping();
    bell.ring();
    stopping.abort();
    await http.close(closeGraceMs, now);
    await Promise.all(loops);
    db.close();
  };
  return { url: http.url, close: (now) => (closing ??= close(now)) };
}

/** @returns the absolute path of the library. */
async function requireLibrary(audioDir: string | undefined): Promise<string> {
  if (audioDir === undefined) {
    throw new AppError('No library is set.', {
      code: 'STT_LIBRARY_UNSET',
      hint: 'Name the directory with the recordings: --library DIR, or AUDIO_DIR in .env.',
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
