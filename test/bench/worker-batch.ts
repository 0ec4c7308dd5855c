/**
 * One batch of recordings from the first claim to the last end: by our worker, or by the ancestor's loop; with the server at hand, or
 * over a shaped line. Against the sum of the engine's own times, which no worker can beat.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type AncestorOptions, ancestorProgram, type AncestorResult } from './ancestor-loop.ts';
import { offer } from './bench-recordings.ts';
import { type LinkShape, startShapedLink } from './shaped-link.ts';
import { benchEngine, startWorkerProcess } from './worker-process.ts';

export type BatchResult = {
  wallSeconds: number;
  /** All runs of the engine together. */
  engineSeconds: number;
  slots: number;
  audioSeconds?: number;
  /** As the worker itself has measured it. */
  engineIdleSeconds?: number;
};

export type BatchRunner = (recordings: readonly string[], link: LinkShape | undefined) => Promise<BatchResult>;

export function ourWorker(env: Record<string, string>): BatchRunner {
  return async (recordings, link) => {
    await using folder = await temporaryFolder();
    await using offered = await offer(folder.path, recordings);
    await using line = link === undefined ? undefined : await startShapedLink(offered.server.port, link);
    await using worker = startWorkerProcess({
      dataFolder: folder.join('data'),
      serverUrl: line?.url ?? offered.server.url,
      env,
    });
    await worker.seen(({ event }) => event === 'summary');
    await worker.ended;
    const { events } = worker;
    const done = events.filter((event) => event.event === 'transcribed');
    if (done.length !== recordings.length) throw new Error(`${done.length} of ${recordings.length} were transcribed`);
    const claimedAtMs = events.find(({ event }) => event === 'claimed')?.atMs ?? Number.NaN;
    const started = events.find((event) => event.event === 'started');
    const summary = events.find((event) => event.event === 'summary');
    return {
      wallSeconds: (Math.max(...done.map(({ atMs }) => atMs)) - claimedAtMs) / 1000,
      engineSeconds: done.reduce((sum, { engineSeconds }) => sum + engineSeconds, 0),
      audioSeconds: done.reduce((sum, { audioSeconds }) => sum + audioSeconds, 0),
      slots: started?.slots ?? 1,
      ...(summary !== undefined && { engineIdleSeconds: summary.engineIdleSeconds }),
    };
  };
}

export function ancestor(threads: number): BatchRunner {
  return async (recordings, link) => {
    await using folder = await temporaryFolder();
    await using offered = await offer(folder.path, recordings);
    await using line = link === undefined ? undefined : await startShapedLink(offered.server.port, link);
    const work = folder.join('ancestor');
    await mkdir(work);
    const url = line?.url ?? offered.server.url;
    const options: AncestorOptions = { ...benchEngine(), url, folder: work, threads };
    const end = await runChild({
      file: process.execPath,
      args: [ancestorProgram, JSON.stringify(options)],
      inheritEnv: true,
      stdoutLimitBytes: 10_000,
    });
    if (end.exitCode !== 0) throw new Error(`${path.basename(ancestorProgram)}: ${end.outputTail}`);
    const { tasks, ...result } = JSON.parse(end.stdout) as AncestorResult;
    if (tasks !== recordings.length) throw new Error(`the ancestor did ${tasks} of ${recordings.length}`);
    return { ...result, slots: 1 };
  };
}

/** Wall time over the time that the engines alone need; 1 is the limit. */
export const overEngine = ({ wallSeconds, engineSeconds, slots }: BatchResult): number =>
  wallSeconds / (engineSeconds / slots);
