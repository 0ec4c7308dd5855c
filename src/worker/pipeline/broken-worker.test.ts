import { rm, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { plainRunOptions } from '../../engine/run-options.ts';
import { createWorkPermit } from '../schedule/work-permit.ts';
import { hurriedClock } from '../testing/hurried-clock.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { watchBrokenWorker } from './broken-worker.ts';
import { openWorkFolder } from './work-folder.ts';

const run = suite('watchBrokenWorker');

/** Hears a word in everything, unless there is a file beside it, and the second GPU is asked for. */
const secondGpuMayBeDead = `#!/bin/sh
case "$*" in *"-dev 1"*) [ -e "$0.dead" ] && { echo "CUDA error: device lost" >&2; exit 1; } ;; esac
while [ "$1" != "-of" ]; do shift; done
printf 'WEBVTT\\n\\n00:00:00.000 --> 00:00:01.000\\n five\\n\\n' > "$2.vtt"
`;

async function brokenWorker() {
  const open = new AsyncDisposableStack();
  const folder = open.use(await temporaryFolder());
  const workFolder = open.use(await openWorkFolder(folder.join('work')));
  const whisperCli = folder.join('whisper-cli');
  await writeFile(whisperCli, secondGpuMayBeDead, { mode: 0o755 });
  const events: WorkerEvent[] = [];
  const clock = hurriedClock();
  const permit = createWorkPermit((event) => events.push(event));
  const stop = new AbortController();
  const engine = { whisperCli, modelFile: '/no/model', modelName: 'any', vadModelFile: undefined, isDemoModel: false };
  const worker = watchBrokenWorker({
    engine: { ...engine, expectsGpu: false, run: plainRunOptions },
    gpus: 2,
    threads: 1,
    workFolder,
    permit,
    clock,
    signal: stop.signal,
  });
  open.defer(async () => {
    stop.abort();
    await worker.ended();
  });
  return {
    worker,
    permit,
    clock,
    events,
    dead: `${whisperCli}.dead`,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

run('comes back only when the sample goes through on every GPU', async () => {
  await using desk = await brokenWorker();
  const { worker, permit, clock, events, dead } = desk;
  await writeFile(dead, '');
  let mended = 0;
  worker.declare('no room\non the card', () => (mended += 1));
  worker.declare('said twice', () => (mended += 100));
  assert.is(permit.closure?.why, 'broken');
  assert.match(permit.closure?.reason ?? '', /^tasks fail for a fault of this machine: no room \(on the card\)$/u);
  while (events.length < 2) await clock.sleep(1000);
  assert.match(permit.closure?.reason ?? '', /the bundled sample cannot be transcribed: .*device lost/u);
  assert.is(mended, 0);
  await rm(dead);
  await permit.whenOpen(AbortSignal.timeout(20_000));
  assert.equal([permit.closure, mended], [undefined, 1]);
});

run('has more patience when it is broken again soon', async () => {
  await using desk = await brokenWorker();
  const { worker, permit, clock } = desk;
  const pauses: number[] = [];
  for (let times = 0; times < 2; times += 1) {
    worker.declare('no room', () => {});
    pauses.push((permit.closure?.untilMs ?? 0) - clock.now());
    await permit.whenOpen(AbortSignal.timeout(20_000));
    await worker.ended();
  }
  assert.ok(pauses[0] !== undefined && pauses[0] > 50_000 && pauses[0] <= 60_000, String(pauses));
  assert.ok(pauses[1] !== undefined && pauses[1] > 100_000 && pauses[1] <= 120_000, String(pauses));
});

run.run();
