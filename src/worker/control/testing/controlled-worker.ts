/**
 * A program that looks like a running worker to `stt status` and its kin: a permit, a pause, a control, and events as a worker has
 * them, but no engine and no server. Used by tests only. Arguments: the data folder, the ms that a drain takes, and `broken`.
 */
import { systemClock } from '../../../clock.ts';
import { dataPaths } from '../../../config/data-paths.ts';
import { createWorkPermit } from '../../schedule/work-permit.ts';
import type { Report } from '../../worker-event.ts';
import { openControl } from '../control-server.ts';
import { keepPause } from '../keep-pause.ts';
import { keepStatus } from '../keep-status.ts';

const [folder = '', drainMs = '0', habit = ''] = process.argv.slice(2);
const paths = dataPaths(folder);
const clock = systemClock;
const listeners: Report[] = [(event) => process.stdout.write(`${JSON.stringify({ pid: process.pid, ...event })}\n`)];
const report: Report = (event) => {
  for (const listener of listeners) listener(event);
};

const permit = createWorkPermit(report);
const keeper = keepStatus({
  pid: process.pid,
  version: '1.2.3',
  waiting: 2,
  permit,
  engineIdleSeconds: () => 1,
  clock,
});
listeners.push(keeper.report);
const { promise: ended, resolve: end } = Promise.withResolvers<void>();
const pause = await keepPause({ file: paths.workerPause, permit, graceMs: 600_000, clock, report });
const control = await openControl({
  folder: paths.workerControl,
  status: keeper.status,
  pause: pause.pause,
  resume: pause.resume,
  drain() {
    permit.close({ why: 'drain', reason: 'drained by a person', finishByMs: Infinity });
    setTimeout(end, Number(drainMs));
  },
  clock,
  report,
});

report({
  event: 'started',
  worker: 'tester',
  server: 'http://server:8000',
  model: 'any',
  engine: '/opt/whisper-cli',
  slots: 1,
  threads: 1,
  vad: false,
  demoModel: false,
});
report({ event: 'claimed', task: '0123456789abcdef', language: 'en' });
report({
  event: 'progress',
  slot: 1,
  task: '0123456789abcdef',
  phase: 'transcribe',
  progress: 0.25,
  speed: 4,
  etaSeconds: 65,
});
if (habit === 'broken') permit.close({ why: 'broken', reason: 'the engine crashed', finishByMs: 0 });
// Nothing else keeps it running, as a worker is kept by its work.
const alive = setInterval(() => {}, 60_000);
report({ event: 'warning', message: 'ready' });

await ended;
clearInterval(alive);
await control[Symbol.asyncDispose]();
await pause[Symbol.asyncDispose]();
