/** All that takes a transcript in, with a real store, library and reader, and without HTTP. */
import { randomBytes } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import { type FakeClock, fakeClock } from '../../test/support/fake-clock.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Library } from '../library/library.ts';
import { proveRoom } from '../library/prove-room.ts';
import { fingerprintOf } from '../library/open-recording.ts';
import { Metrics } from '../metrics/metrics.ts';
import { openStore } from '../queue/open-store.ts';
import type { Lease } from '../queue/task-queue.ts';
import type { TaskStore } from '../queue/task-store.ts';
import { Bell } from '../tasks/bell.ts';
import { Deliveries } from '../tasks/deliveries.ts';
import { ProcessedCsv } from '../tasks/processed-csv.ts';
import { Readiness } from '../tasks/readiness.ts';
import { Storage } from '../tasks/storage.ts';
import type { Accepted, Refusal } from '../tasks/refusal.ts';
import { TranscriptReader } from '../transcripts/transcript-reader.ts';
import type { LogLine } from './test-server.ts';

export type TestDeliveries = AsyncDisposable & {
  store: TaskStore;
  folder: TemporaryFolder;
  clock: FakeClock;
  logs: LogLine[];
  metrics: Metrics;
  inLibrary: (name: string) => string;
  /** Puts recordings into library and store. */
  add: (names: readonly string[], language?: string) => Promise<void>;
  claim: (credential?: string) => Promise<Lease>;
  /** @returns `accepted`, or the code of the refusal. */
  deliver: (message: object, credential?: string) => Promise<string>;
};

export async function startTestDeliveries(
  given: { pattern?: string; formats?: readonly TranscriptFormat[]; level?: string } = {},
): Promise<TestDeliveries> {
  const { pattern = '{stem}.vtt', formats = ['vtt'], level = 'debug' } = given;
  const folder = await temporaryFolder();
  const inLibrary = (name: string): string => folder.join('library', name);
  await mkdir(inLibrary(''));
  await writeFile(inLibrary('.not-empty'), '');
  const clock = fakeClock();
  const logs: LogLine[] = [];
  const logger = pino({ level }, { write: (line: string) => logs.push(JSON.parse(line) as LogLine) });
  const onFailure = (error: Error): void => logger.fatal({ err: error }, 'a thread ended');
  const policy = { maxAttempts: 5, order: 'oldest' } as const;
  const opened = await openStore({ file: folder.join('tasks.sqlite'), policy, onFailure });
  const { store } = opened;
  const root = inLibrary('');
  const library = await Library.start({ root, transcriptPattern: pattern, onFailure });
  const reader = new TranscriptReader({ formats, logger });
  const probes = { library: () => proveRoom(root), database: () => store.proveWritable() };
  const storage = new Storage({ probes, logger });
  const readiness = new Readiness(library, store, storage);
  readiness.scanned();
  const metrics = new Metrics(clock);
  const processed = new ProcessedCsv({ file: folder.join('processed.csv'), libraryRoot: library.root, logger });
  const deliveries = new Deliveries({
    queue: store,
    catalogue: store,
    library,
    reader,
    transcriptPattern: pattern,
    readiness,
    storage,
    bell: new Bell(clock),
    processed,
    metrics,
    clock,
    logger,
  });

  return {
    store,
    folder,
    clock,
    logs,
    metrics,
    inLibrary,
    async add(names, language = 'en') {
      for (const name of names) {
        await mkdir(path.dirname(inLibrary(name)), { recursive: true });
        await writeFile(inLibrary(name), `audio of ${name}`);
        const found = await stat(inLibrary(name), { bigint: true });
        const sizeBytes = Number(found.size);
        const fingerprint = fingerprintOf(found);
        await store.apply([{ kind: 'add', path: name, fingerprint, sizeBytes, language }], clock.now());
      }
    },
    async claim(credential) {
      const worker = { name: 'tester', ip: '::1', protocol: 2, credential } as const;
      const leaseId = randomBytes(16).toString('hex');
      const lease = await store.claim({ leaseId, worker, termMs: 90_000 }, clock.now());
      if (lease === undefined) throw new Error('no task');
      return lease;
    },
    async deliver(message, credential) {
      const answer: Accepted | Refusal = await deliveries.deliver(Buffer.from(JSON.stringify(message)), {
        ip: '::1',
        credential,
      });
      return answer.kind === 'accepted' ? answer.kind : answer.code;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([reader.close(), library.close(), opened.close()]);
      await folder[Symbol.asyncDispose]();
    },
  };
}
