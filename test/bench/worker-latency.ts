/** How long an idle worker takes until a recording that appears in the library is claimed, and until an engine is busy with it. */
import { copyFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { shortSample } from '../support/library.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ffmpeg, offer } from './bench-recordings.ts';
import { quantile, report, round, say } from './machine.ts';
import { startWorkerProcess, type TimedEvent } from './worker-process.ts';

const steps: [name: string, isReached: (event: TimedEvent) => boolean][] = [
  ['claimed', ({ event }) => event === 'claimed'],
  ['decoding begins', (event) => event.event === 'progress' && event.phase === 'decode'],
  [
    'the engine starts',
    (event) => event.event === 'progress' && event.phase === 'transcribe' && event.slot !== undefined,
  ],
];

export async function measureLatency(times: number): Promise<void> {
  await using folder = await temporaryFolder();
  await using offered = await offer(folder.path, [], { STT_WATCH: 'true' });
  await using worker = startWorkerProcess({
    dataFolder: folder.join('data'),
    serverUrl: offered.server.url,
    args: [],
    // How fast the engine is does not count here, and one thread does not mind a busy machine.
    env: { STT_THREADS: '1' },
  });
  // It asks at once; `idle` is told only when its first long poll has ended.
  await worker.seen(({ event }) => event === 'started');
  const found = new Map<string, number[]>(steps.map(([name]) => [name, []]));
  for (let time = 0; time < times; time += 1) {
    say(`latency: ${time + 1} of ${times}`);
    // Into its next long poll, and at different moments of the server's own rounds.
    await delay(1000 + ((time * 137) % 1000));
    const file = folder.join(`${time}.mp3`);
    // No two are the same to the byte.
    if (time === 0) await copyFile(shortSample, file);
    else await ffmpeg('-i', shortSample, '-c', 'copy', '-metadata', `title=${time}`, file);
    const before = worker.events.length;
    const isNew = (event: TimedEvent): boolean => worker.events.indexOf(event) >= before;
    const appearedAtMs = Date.now();
    await rename(file, path.join(offered.library, `${time}.mp3`));
    for (const [name, isReached] of steps) {
      const { atMs } = await worker.seen((event) => isReached(event) && isNew(event));
      found.get(name)?.push(atMs - appearedAtMs);
    }
    await worker.seen((event) => event.event === 'transcribed' && isNew(event));
  }
  report(
    `An idle worker: ms from a recording's rename into the library, ${times} times (aim: claimed within 200)`,
    [...found].map(([until, ms]) => ({
      until,
      'median ms': round(quantile(ms, 0.5)),
      'worst ms': round(Math.max(...ms)),
    })),
  );
}
