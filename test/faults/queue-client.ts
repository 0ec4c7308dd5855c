/**
 * A worker without an engine, made to be killed: claims, holds, renews, delivers, hands back, delivers late and twice, and writes
 * down what it sent and what it heard before it goes on. Started anew it takes up what its journal says is unfinished, as the
 * outbox of a real worker does. Started as a program with its options as JSON; it runs until it is killed.
 */
import { appendFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '../support/random.ts';
import { type Call, type JournalLine, monotonicMs, readJournal, transcriptOf } from './journal.ts';

export type QueueClientOptions = {
  port: number;
  journal: string;
  protocol: 1 | 2;
  lanes: number;
  seed: number;
  /** How much faster the server's clock runs. */
  speed: number;
  /** Holds nothing for long and breaks nothing off: for the end of a test. */
  isCalm: boolean;
};

type Reply = {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
  sentMs: number;
  receivedMs: number;
};

const options = JSON.parse(process.argv[2] ?? '') as QueueClientOptions;
const random = randomFrom(options.seed);
const agent = new Agent({ keepAlive: true, maxSockets: options.lanes });

type Entry = Record<string, unknown> & Omit<JournalLine, 'kind'> & { kind: JournalLine['kind'] };

function note(line: Entry): void {
  appendFileSync(options.journal, `${JSON.stringify(line)}\n`);
}

/** @returns undefined where the server went away in between. */
function ask(method: string, path: string, body?: object): Promise<Reply | undefined> {
  const sentMs = monotonicMs();
  const bytes = body === undefined ? '' : JSON.stringify(body);
  const headers: Record<string, string | number> =
    body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(bytes) };
  if (options.protocol === 2)
    Object.assign(headers, { 'X-STT-Protocol': '2', 'X-STT-Worker': `client-${process.pid}` });
  return new Promise((resolve) => {
    const sent = request({ port: options.port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', () => resolve(undefined));
      response.on('close', () => {
        const whole = response.complete;
        const reply = { status: response.statusCode ?? 0, headers: response.headers, body: text };
        resolve(whole ? { ...reply, sentMs, receivedMs: monotonicMs() } : undefined);
      });
    });
    sent.on('error', () => resolve(undefined));
    sent.end(bytes);
  });
}

async function insist(call: Call, path: string, task: Task, body: object): Promise<number> {
  for (;;) {
    const reply = await ask('POST', path, { id: task.leaseId, ...body });
    if (reply !== undefined) {
      const code = reply.status === 200 ? undefined : (JSON.parse(reply.body) as { code: string }).code;
      const { sentMs, receivedMs, status } = reply;
      note({ kind: 'answered', call, status, code, sentMs, receivedMs, ...task });
      if (status !== 503) return status;
    }
    await delay(10 + 20 * random());
  }
}

type Task = { leaseId: string; recording: string };

async function deliver(task: Task): Promise<void> {
  noteNow('delivers', task);
  const vtt = transcriptOf(task.recording, task.leaseId);
  if ((await insist('result', '/result', task, { vtt })) !== 200) return;
  if (random() < 0.1) await insist('again', '/result', task, { vtt });
  if (random() < 0.05) await insist('other', '/result', task, { vtt: transcriptOf(task.recording, 'nobody') });
}

function noteNow(kind: 'delivers' | 'ends', task: Task): void {
  const now = monotonicMs();
  note({ kind, sentMs: now, receivedMs: now, ...task });
}

async function work(task: Task, termMs: number): Promise<void> {
  const chance = options.isCalm ? 1 : random();
  if (chance < 0.03) {
    noteNow('ends', task);
    await insist('error', '/error', task, { error: 'as a test wants it' });
  } else if (chance < 0.08 && options.protocol === 2) {
    noteNow('ends', task);
    await insist('release', '/release', task, { reason: 'as a test wants it' });
  } else if (chance < 0.1) {
    // Late: somebody else may have it by now.
    await delay(termMs * 2);
    await deliver(task);
  } else if (chance < 0.25 && options.protocol === 2) {
    for (let beats = 0; beats < 4; beats += 1) {
      await delay(termMs / 3);
      if ((await insist('heartbeat', '/heartbeat', task, { phase: 'transcribe' })) !== 200) break;
    }
    await deliver(task);
  } else {
    await delay(random() * 20);
    await deliver(task);
  }
}

async function lane(): Promise<void> {
  for (;;) {
    const reply = await ask('GET', options.protocol === 2 ? '/task?wait=1' : '/task');
    if (reply?.status !== 200) {
      await delay(10 + 20 * random());
      continue;
    }
    const task = { leaseId: String(reply.headers['x-task-id']), recording: reply.body };
    const termMs = (Number(reply.headers['x-lease-seconds'] ?? 36) * 1000) / options.speed;
    note({ kind: 'granted', termMs, sentMs: reply.sentMs, receivedMs: reply.receivedMs, ...task });
    await work(task, termMs);
  }
}

/** Half of what was begun is brought to its end; the rest is forgotten, as by a worker whose disk is gone. */
async function takeUp(): Promise<void> {
  const lines = readJournal(options.journal);
  const isEnd = (line: JournalLine): boolean =>
    line.kind === 'ends' || (line.kind === 'answered' && line.call !== 'heartbeat');
  const ended = new Set(lines.filter((line) => isEnd(line)).map((line) => line.leaseId));
  for (const { kind, leaseId, recording } of lines) {
    if (kind === 'granted' && !ended.has(leaseId) && random() < 0.5) await deliver({ leaseId, recording });
  }
}

await takeUp();
await Promise.all(Array.from({ length: options.lanes }, lane));
