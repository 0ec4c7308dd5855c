/**
 * `npm run bench:worker`: our worker against the sum of the engine's own times and against the ancestor's loop, with the server at
 * hand and over 10 Mbit/s; how soon an idle worker begins; what memory it takes; with `--slots 1,2,4` what several slots bring.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeMinutes } from './bench-recordings.ts';
import { quantile, report, round, type Row, say } from './machine.ts';
import type { LinkShape } from './shaped-link.ts';
import { ancestor, type BatchResult, type BatchRunner, ourWorker, overEngine } from './worker-batch.ts';
import { measureLatency } from './worker-latency.ts';
import { measureMemory } from './worker-memory.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: 'batch,latency,memory' },
    recordings: { type: 'string', default: '24' },
    rounds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '0.1,1,10' },
    slots: { type: 'string' },
    // As whisper.cpp and the ancestor have it without `-t`.
    threads: { type: 'string', default: String(Math.min(4, availableParallelism())) },
  },
});
const numbers = (list: string): number[] => list.split(',').map(Number);
const parts = new Set(options.slots === undefined ? options.only.split(',') : ['slots']);
const count = Number(options.recordings);

const ancestorName = "the ancestor's loop";
const runners: [name: string, run: BatchRunner][] = [
  ['our worker', ourWorker({ STT_THREADS: options.threads })],
  [ancestorName, ancestor(Number(options.threads))],
  ['our worker, STT_PREFETCH=0', ourWorker({ STT_THREADS: options.threads, STT_PREFETCH: '0' })],
];
const slowLine: LinkShape = { bitsPerSecond: 10_000_000, delayMs: 20 };
const links: [name: string, shape: LinkShape | undefined][] = [
  ['loopback', undefined],
  ['10 Mbit/s, 20 ms each way', slowLine],
];

async function measureBatches(recordings: readonly string[]): Promise<void> {
  for (const [linkName, link] of links) {
    const results = new Map<string, BatchResult[]>(runners.map(([name]) => [name, []]));
    for (let round = 1; round <= Number(options.rounds); round += 1) {
      // In turns: what the machine does besides, it does to all.
      for (const [name, run] of runners) {
        say(`batch: ${linkName}, round ${round}: ${name}`);
        results.get(name)?.push(await run(recordings, link));
      }
    }
    const theirs = results.get(ancestorName) ?? [];
    report(
      `${count} recordings of a minute, ${linkName} (aim: 1.03 times the engine's own time)`,
      [...results].map(([name, ours]) => batchRow(name, ours, theirs)),
      { 'threads of the engine': options.threads, rounds: Number(options.rounds) },
    );
  }
}

function batchRow(name: string, results: readonly BatchResult[], theirs: readonly BatchResult[]): Row {
  const median = (of: (result: BatchResult, round: number) => number): number => quantile(results.map(of), 0.5);
  const four = (value: number): number => Number(value.toFixed(3));
  const their = (round: number): BatchResult => theirs[round] ?? { wallSeconds: NaN, engineSeconds: NaN, slots: 1 };
  const idle = results.flatMap(({ engineIdleSeconds }) => engineIdleSeconds ?? []);
  return {
    worker: name,
    'wall s': round(median(({ wallSeconds }) => wallSeconds)),
    'engine s': round(median(({ engineSeconds, slots }) => engineSeconds / slots)),
    'wall/engine': four(median(overEngine)),
    'worst round': four(Math.max(...results.map(overEngine))),
    // Beside an engine that decoding shares the processors with, the engine itself is slower; the ancestor's runs alone.
    'wall/engine alone': four(median(({ wallSeconds }, round) => wallSeconds / their(round).engineSeconds)),
    "wall/ancestor's": four(median(({ wallSeconds }, round) => wallSeconds / their(round).wallSeconds)),
    'engine idle s, by its own account': idle.length > 0 ? round(quantile(idle, 0.5)) : '',
  };
}

async function measureSlots(recordings: readonly string[], slotCounts: readonly number[]): Promise<void> {
  const rows: Row[] = [];
  for (const slots of slotCounts) {
    say(`slots: ${slots}`);
    const {
      audioSeconds = 0,
      wallSeconds,
      ...result
    } = await ourWorker({ STT_SLOTS: String(slots) })(recordings, undefined);
    rows.push({
      slots,
      'audio hours per hour': round(audioSeconds / wallSeconds),
      'wall s': round(wallSeconds),
      'wall/engine': Number(overEngine({ wallSeconds, ...result }).toFixed(3)),
    });
  }
  report(`${count} recordings of a minute by several slots (the engine's threads are shared among them)`, rows);
}

if (parts.has('batch') || parts.has('slots')) {
  await using folder = await temporaryFolder();
  say(`making ${count} recordings`);
  const recordings = await makeMinutes(folder.join('recordings'), count);
  if (parts.has('batch')) await measureBatches(recordings);
  if (options.slots !== undefined) await measureSlots(recordings, numbers(options.slots));
}
if (parts.has('latency')) await measureLatency(10);
if (parts.has('memory')) await measureMemory(numbers(options.hours));
