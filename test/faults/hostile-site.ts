/**
 * A worker with a server that a test has answer as it likes, and what must hold of the worker whatever it is answered: its memory, its
 * files and its credentials are its own.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { FakeCall, FakeServer } from '../../src/worker/testing/fake-server.ts';
import type { TemporaryFolder } from '../support/temporary-folder.ts';
import { type FaultWorker, startFaultWorker } from './fault-worker.ts';
import { scriptedEngine, type ScriptedEngine } from './scripted-engine.ts';

export const mebibyte = 1024 ** 2;
/** A worker at rest holds some 90 MB. */
const mostMemoryBytes = 200 * mebibyte;
const password = 'nobody-must-hear-this';

export type Site = AsyncDisposable & {
  folder: TemporaryFolder;
  dataFolder: string;
  engine: ScriptedEngine;
  worker: FaultWorker;
};

/** A worker that could write in its working folder, its home and the folder for temporary files, and must not. */
export async function openSite(
  server: FakeServer,
  folder: TemporaryFolder,
  args: readonly string[] = [],
): Promise<Site> {
  const dataFolder = folder.join('data');
  for (const name of ['data', 'home', 'tmp', 'cwd']) await mkdir(folder.join(name), { recursive: true });
  const engine = scriptedEngine(folder.join('whisper-cli'));
  const worker = startFaultWorker({
    dataFolder,
    serverUrl: server.url,
    engineFile: engine.file,
    args,
    workingFolder: folder.join('cwd'),
    env: {
      HOME: folder.join('home'),
      TMPDIR: folder.join('tmp'),
      AUTH_ENABLED: 'true',
      USERNAME: 'worker',
      PASSWORD: password,
    },
  });
  await worker.saw('started');
  return { folder, dataFolder, engine, worker, [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose]() };
}

export function assertHarmless({ folder, dataFolder, worker }: Site): void {
  const most = Math.round(worker.mostMemoryBytes() / mebibyte);
  assert.ok(worker.mostMemoryBytes() < mostMemoryBytes, `the worker held ${most} MiB`);
  assert.ok(most > 0, 'its memory was looked at');
  const outside = readdirSync(folder.path, { recursive: true })
    .map(String)
    .filter((name) => !/^(?:data(?:\/.*)?|home|tmp|cwd|whisper-cli[.\w]*)$/u.test(name));
  assert.equal(outside, [], 'something was written outside the data folder');
  const escaped = [path.dirname(folder.path), dataFolder, path.join(dataFolder, 'worker')].map((at) =>
    path.join(at, 'x'),
  );
  assert.equal(
    escaped.filter((file) => existsSync(file)),
    [],
  );
  assert.not.match(`${worker.complaints()}${JSON.stringify(worker.events)}`, password);
}

export const isClaim = ({ path: called }: FakeCall): boolean => /^\/task(?:\?|$)/u.test(called);

/** A task in the server's books, answered with these headers instead of the right ones. */
export function giveTask(
  server: FakeServer,
  response: ServerResponse,
  bytes: Buffer,
  headers: Record<string, string> = {},
  id = randomBytes(16).toString('hex'),
): string {
  server.leases.set(id, { bytes, language: 'en' });
  response.writeHead(200, {
    'x-task-id': id,
    'x-language': 'en',
    'x-lease-seconds': '90',
    'content-length': String(bytes.length),
    ...headers,
  });
  response.end(bytes);
  return id;
}
