// deadline: 300 s
/**
 * The fault at each single step of a delivery, and of a claim: the N-th file call of the server kills it, or fails, for N = 1, 2, 3
 * ... until the run passes without it. What was answered 200 is on disk and stays; what was not is either whole or not there, and
 * the same delivery again succeeds. A failed fsync is never answered 200.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { buildFaultShim, type FaultPlan } from '../support/fault-shim.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { transcriptOf } from './journal.ts';
import { claim, deliver, post, type Task } from './worker-calls.ts';

const points = suite('fail points');

const folder = await temporaryFolder();
points.after(async () => {
  await folder[Symbol.asyncDispose]();
});
const shim = await buildFaultShim(folder.path);
const test = (title: string, body: () => Promise<void>): void =>
  shim === undefined ? points.skip(title, body) : points(title, body);
if (shim === undefined) console.log('skipped: this machine is not Linux or has no C compiler (cc)');

const mostCalls = 60;
let libraries = 0;

/** A library of its own with more recordings than there are points; what was delivered in it must stay. */
class Scene implements AsyncDisposable {
  readonly #folder = folder.join(String((libraries += 1)));
  readonly #library = path.join(this.#folder, 'library');
  readonly #delivered = new Map<string, Task>();
  #server: ServerProcess | undefined;

  async prepare(): Promise<void> {
    await mkdir(this.#library, { recursive: true });
    for (let index = 0; index < mostCalls + 10; index += 1) {
      await writeFile(path.join(this.#library, `${index}.mp3`), `${index}.mp3`);
    }
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** Kills the server where there is one, and starts it, with the shim and unarmed. */
  async restart(): Promise<void> {
    await this.#server?.kill();
    this.#server = await startServerProcess({
      library: this.#library,
      stateFolder: this.#folder,
      env: { STT_SCAN_SECONDS: '86400', STT_DEFAULT_LANGUAGE: 'en', ...shim?.env },
    });
  }

  arm(fault: Fault, number: number): Promise<void> | undefined {
    return shim?.arm({ ...fault, part: this.#folder, number });
  }

  /** @returns a task of a recording that was not delivered before, when nothing of its claim is on its way to the disk any more. */
  async claim(): Promise<Task> {
    // After a fault of the disk nothing is handed out until the server found out that it works again.
    const task = await eventually(async () => {
      const claimed = await claim(this.url);
      if (claimed === 503) return undefined;
      assert.type(claimed, 'object', `no task: ${JSON.stringify(claimed)}`);
      return claimed as Task;
    }, 'a task');
    assert.not.ok(this.#delivered.has(task.recording), `${task.recording} is offered although it is done`);
    // The digest of the recording is noted after the answer; what is asked later is committed later.
    assert.is((await post(this.url, '/heartbeat', { id: task.leaseId }))?.status, 200);
    return task;
  }

  onDisk({ recording }: Task): Promise<string | undefined> {
    return readFile(path.join(this.#library, recording.replace('.mp3', '.vtt')), 'utf8').catch(() => undefined);
  }

  async assertDelivers(task: Task, when: string): Promise<void> {
    const answer = await deliver(this.url, task);
    assert.is(answer?.status, 200, `${answer?.status} ${answer?.detail}: ${when}`);
    assert.is(await this.onDisk(task), transcriptOf(task.recording, task.leaseId), when);
    this.#delivered.set(task.recording, task);
  }

  /** After one more kill: all that was acknowledged is known, and stored as it was. */
  async assertAllKept(): Promise<void> {
    await this.restart();
    for (const task of this.#delivered.values()) await this.assertDelivers(task, 'at the end');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.kill();
  }
}

type Fault = Pick<FaultPlan, 'operations' | 'action'>;

/** Delivers under each fault. @returns what was hit, in order. */
async function deliverUnder(fault: Fault): Promise<string[]> {
  const hits: string[] = [];
  await using scene = new Scene();
  await scene.prepare();
  await scene.restart();
  for (let number = 1; number <= mostCalls; number += 1) {
    const task = await scene.claim();
    const vtt = transcriptOf(task.recording, task.leaseId);
    await scene.arm(fault, number);
    const answer = await deliver(scene.url, task);
    const hit = await shim?.disarm();
    const where = `after ${fault.action} at ${hit ?? 'nothing'}`;

    const bytes = await scene.onDisk(task);
    assert.ok(bytes === undefined || bytes === vtt, `half a transcript: ${where}`);
    if (answer?.status === 200) assert.is(bytes, vtt, `acknowledged, and not there: ${where}`);
    if (/ f(?:data)?sync /u.test(hit ?? '')) assert.is.not(answer?.status, 200, `200 ${where}`);
    if (answer !== undefined)
      assert.ok([200, 503].includes(answer.status), `${answer.status} ${answer.detail} ${where}`);
    // Where the disk only failed for a moment, the server works on without a restart.
    if (fault.action === 'kill' && hit !== undefined) await scene.restart();
    assert.ok([vtt, bytes].includes(await scene.onDisk(task)), `changed by the restart: ${where}`);
    await scene.assertDelivers(task, where);
    if (hit === undefined) {
      console.log(`${fault.action} at ${fault.operations.join(',')}: ${hits.length} points`);
      for (const line of hits) console.log(`  ${line.replaceAll(folder.path, '')}`);
      await scene.assertAllKept();
      return hits;
    }
    hits.push(hit);
  }
  throw new Error(`a delivery takes more than ${mostCalls} file calls`);
}

const everything = ['open', 'write', 'fsync', 'fdatasync', 'link', 'unlink', 'rename', 'ftruncate'] as const;
const hitsOf = (hits: readonly string[], pattern: RegExp): number => hits.filter((hit) => pattern.test(hit)).length;

test('killed at any file call of a delivery', async () => {
  const hits = await deliverUnder({ operations: everything, action: 'kill' });
  // The promise's order, seen from outside: transcript synced, named, its folder synced, then the row.
  const order = [
    /fsync .*\.stt-tmp/u,
    /link .*\.vtt/u,
    /fsync .*\/library$/u,
    /write .*-wal$/u,
    /f(?:data)?sync .*-wal$/u,
  ];
  const places = order.map((pattern) => hits.findIndex((hit) => pattern.test(hit)));
  assert.not.ok(places.includes(-1), hits.join('\n'));
  assert.equal(
    places.toSorted((a, b) => a - b),
    places,
    hits.join('\n'),
  );
});

test('EIO at any file call of a delivery', async () => {
  const hits = await deliverUnder({ operations: everything, action: 'EIO' });
  assert.ok(hitsOf(hits, /f(?:data)?sync/u) >= 3, hits.join('\n'));
});

test('no space at any file call of a delivery that takes some', async () => {
  const hits = await deliverUnder({ operations: ['open', 'write', 'link'], action: 'ENOSPC' });
  assert.ok(hitsOf(hits, /write .*-wal$/u) >= 1, hits.join('\n'));
});

test('killed at any file call of a claim: what was granted is known afterwards', async () => {
  await using scene = new Scene();
  await scene.prepare();
  await scene.restart();
  for (let number = 1; number <= mostCalls; number += 1) {
    await scene.arm({ operations: everything, action: 'kill' }, number);
    const task = await claim(scene.url);
    const hit = await shim?.disarm();
    if (hit === undefined) {
      assert.type(task, 'object');
      await scene.restart();
      await scene.assertDelivers(task as Task, 'granted before the kill');
      await scene.assertAllKept();
      return;
    }
    await scene.restart();
    // Answered: then it was committed, and what was hit came after it (the digest of the recording is noted).
    if (typeof task === 'object') await scene.assertDelivers(task, `granted before a kill at ${hit}`);
    else assert.is(task, undefined, `${String(task)} after ${hit}`);
    // Whether the lease was committed or not: the server grants and takes in as ever.
    await scene.assertDelivers(await scene.claim(), `after a kill at ${hit}`);
  }
  throw new Error(`a claim takes more than ${mostCalls} file calls`);
});

points.run();
