/** A real server on a free port, over a temporary library, with a clock that tests turn and a log that tests read. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { parseSettings } from '../../src/config/parse-settings.ts';
import { serverSettings } from '../../src/config/server-settings.ts';
import { logContextNow } from '../../src/log-context.ts';
import { eventually } from '../../test/support/eventually.ts';
import { type FakeClock, fakeClock } from '../../test/support/fake-clock.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type RunningServer, startServer } from '../main.ts';

export type LogLine = { msg: string } & Record<string, unknown>;

export type TestServer = AsyncDisposable & {
  clock: FakeClock;
  logs: LogLine[];
  folder: TemporaryFolder;
  /** The address now; a restart changes it. */
  url: () => string;
  /** Puts a recording into the library, `en` in its sidecar. */
  addRecording: (name: string, bytes?: string | Uint8Array) => Promise<void>;
  inLibrary: (name: string) => string;
  transcript: (name: string) => Promise<string>;
  /** Lets time pass from sweep to sweep; turning the clock at once would be a jump of the clock. */
  passTime: (ms: number) => Promise<void>;
  /** Turns the clock to the next scan and waits until `check` holds. */
  scanUntil: (check: () => unknown, what: string) => Promise<void>;
  /** `GET /task` as a worker of protocol 2. */
  claim: (query?: string, init?: RequestInit) => Promise<Response>;
  /** Claims and returns the id; fails where there is no task. */
  claimId: () => Promise<string>;
  get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  post: (path: string, message: object) => Promise<Response>;
  restart: () => Promise<void>;
};

/** Shorter than the longest wait for a task. */
export const scanMs = 30_000;
export const sweepMs = 15_000;
/** In the form in which transcripts are stored. */
export const hello = 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n';

export async function startTestServer(
  given: { recordings?: readonly string[]; env?: Record<string, string> } = {},
): Promise<TestServer> {
  const folder = await temporaryFolder();
  const clock = fakeClock();
  const logs: LogLine[] = [];
  const logger = pino(
    { level: 'debug', mixin: logContextNow },
    { write: (line: string) => logs.push(JSON.parse(line) as LogLine) },
  );
  const inLibrary = (name: string): string => folder.join('library', name);
  const settings = parseSettings(serverSettings, {
    AUDIO_DIR: inLibrary(''),
    PORT: '0',
    DB_FILE: folder.join('tasks.sqlite'),
    STT_SCAN_SECONDS: String(scanMs / 1000),
    STT_SETTLE_SECONDS: '0',
    STT_WATCH: 'false',
    ...given.env,
  });

  const addRecording = async (name: string, bytes: string | Uint8Array = `audio of ${name}`): Promise<void> => {
    const file = inLibrary(name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file.replace(/\.\w+$/u, '.json'), JSON.stringify({ sql_params: { language: 'en' } }));
    await writeFile(file, bytes);
  };
  await mkdir(inLibrary(''));
  for (const name of given.recordings ?? []) await addRecording(name);

  let server: RunningServer = await startServer({ settings, logger, clock });
  const get = (place: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(server.url + place, { headers });
  const claim = (query = '', init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/task${query}`, { headers: { 'X-STT-Protocol': '2', 'X-STT-Worker': 'tester' }, ...init });

  /** They ask other threads, so their work is not done when the clock has been turned. */
  const bothLoopsRest = (): Promise<unknown> =>
    eventually(() => clock.isAwaited(sweepMs) && clock.isAwaited(scanMs), 'the sweep and the scan have ended');

  return {
    clock,
    logs,
    folder,
    url: () => server.url,
    addRecording,
    inLibrary,
    transcript: (name) => readFile(inLibrary(name), 'utf8'),
    async passTime(ms) {
      for (let leftMs = ms; leftMs > 0; leftMs -= sweepMs) {
        await clock.advance(Math.min(leftMs, sweepMs));
        // A sweep that is still under way would miss the next one's time, as if the clock had jumped. There are hundreds of them.
        for (let turns = 0; turns < 50 && !clock.isAwaited(sweepMs); turns += 1) await setTimeout(0);
        await eventually(() => clock.isAwaited(sweepMs), 'the sweep ends');
      }
    },
    async scanUntil(check, what) {
      await bothLoopsRest();
      await clock.advance(scanMs);
      await eventually(check, what);
    },
    claim,
    async claimId() {
      const response = await claim();
      await response.arrayBuffer();
      const id = response.headers.get('x-task-id');
      if (id === null) throw new Error(`no task: ${response.status}`);
      return id;
    },
    get,
    post: (place, message) =>
      fetch(server.url + place, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(message),
      }),
    async restart() {
      await server.close();
      server = await startServer({ settings, logger, clock });
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function problemCode(response: Response): Promise<string> {
  return ((await response.json()) as { code: string }).code;
}

/** Claims all there is. @returns the bodies, sorted. */
export async function offered(server: TestServer): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const response = await server.claim();
    if (response.status !== 200) return bodies.toSorted();
    bodies.push(await response.text());
  }
}

/** Why the recording at `path` was passed over, as the log says. */
export const warned = (server: TestServer, path: string): string[] =>
  server.logs.filter((line) => line['path'] === path).map((line) => String(line['reason']));
