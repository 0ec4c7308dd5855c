/** A real store and real scans for tests that need no server around them: in this thread, or in the scan's own. */
import { MessageChannel } from 'node:worker_threads';
import { pino } from 'pino';
import { systemClock } from '../../../src/clock.ts';
import { openDatabase } from '../../queue/sqlite/open-database.ts';
import { sqliteTaskStore } from '../../queue/sqlite/sqlite-task-store.ts';
import type { TaskStoreVerbs } from '../../queue/task-store.ts';
import { answerCalls } from '../../threads/calls.ts';
import { DueFolders } from '../due-folders.ts';
import { LibraryScan, type LibraryScanOptions } from '../library-scan.ts';
import { type RunningScan, startScan, type StartScanOptions } from '../start-scan.ts';

export type TestStore = AsyncDisposable & {
  verbs: TaskStoreVerbs;
  catalogue: LibraryScanOptions['catalogue'];
  /** `path state`, or `path state withheld`, of all tasks, by name. */
  tasks: () => string[];
};

export function openTestStore(file: string): TestStore {
  const { db } = openDatabase(file);
  const { verbs } = sqliteTaskStore(db, { maxAttempts: 5, order: 'oldest', jitter: () => 0 });
  const catalogue: TestStore['catalogue'] = {
    folders: async () => verbs.folders(),
    tasksIn: async (...page) => verbs.tasksIn(...page),
    apply: async (...changes) => verbs.apply(...changes),
    countOpen: async () => verbs.countOpen(),
  };
  return {
    verbs,
    catalogue,
    tasks: () =>
      verbs
        .folders()
        .flatMap((folder) =>
          verbs.tasksIn(folder, '', 1_000_000).map(({ name, state, isOffered }) => {
            const path = folder === '' ? name : `${folder}/${name}`;
            return `${path} ${state}${isOffered ? '' : ' withheld'}`;
          }),
        )
        .toSorted(),
    async [Symbol.asyncDispose]() {
      db.close();
    },
  };
}

/** In this thread. */
export function testScan(
  root: string,
  catalogue: LibraryScanOptions['catalogue'],
  more: Partial<LibraryScanOptions> & { presence?: LibraryScanOptions['library']['presence'] } = {},
): LibraryScan {
  const { presence = () => ({ kind: 'present' as const }), ...options } = more;
  return new LibraryScan({
    library: { root, presence },
    catalogue,
    extensions: ['mp3'],
    defaultLanguage: 'en',
    transcriptName: '{stem}.vtt',
    settleMs: 0,
    now: Date.now,
    fileNow: Date.now,
    log: () => {},
    onTasks: () => {},
    due: new DueFolders(),
    ...options,
  });
}

export type ThreadedScan = AsyncDisposable & RunningScan & { logs: Record<string, unknown>[]; tasks: () => number };

/** In the scan's own thread. */
export async function threadedScan(
  root: string,
  store: TestStore,
  more: Partial<StartScanOptions> = {},
): Promise<ThreadedScan> {
  const { port1, port2 } = new MessageChannel();
  answerCalls(port1, store.verbs);
  const logs: Record<string, unknown>[] = [];
  let tasks = 0;
  const scan = await startScan({
    root,
    extensions: ['mp3'],
    defaultLanguage: undefined,
    transcriptName: '{stem}.vtt',
    settleSeconds: 0,
    watch: true,
    store: port2,
    logger: pino(
      { level: 'debug' },
      { write: (line: string) => logs.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    clock: systemClock,
    onTasks: (count) => (tasks += count),
    onFailure: (error) => logs.push({ failure: error.message }),
    ...more,
  });
  return {
    ...scan,
    logs,
    tasks: () => tasks,
    async [Symbol.asyncDispose]() {
      await scan.end();
      port1.close();
    },
  };
}
