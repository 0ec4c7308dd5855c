/**
 * Asks an address fifty times a second, from a process of its own, how long an answer takes, beside a server that does nothing else:
 * what both have in common is this machine's doing. The program part is started by `probeLatency`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type Latency = {
  samples: number;
  worstMs: number;
  /** Of the server that does nothing, at the same time. */
  machineWorstMs: number;
  /** Answers that took over 100 ms more than any of the idle server's around that time: a stall of the machine rarely hits both at once. */
  late: number;
};

export type LatencyProbe = { stop: () => Promise<Latency> };

export async function probeLatency(url: string): Promise<LatencyProbe> {
  const child = spawn(process.execPath, [import.meta.filename, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const idle = spawn(process.execPath, [import.meta.filename, 'idle'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(idle.stdout, 'data')) as [Buffer];
  child.stdin.write(`${port.toString().trim()}\n`);
  return {
    async stop() {
      child.stdin.end();
      const result = JSON.parse(await text(child.stdout)) as Latency;
      idle.stdin.end();
      return result;
    },
  };
}

const agent = new Agent({ keepAlive: true });

function answerMs(url: string): Promise<number> {
  const askedAt = performance.now();
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(performance.now() - askedAt));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(10_000));
  });
}

async function serveIdly(): Promise<void> {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  console.log((server.address() as AddressInfo).port);
  process.stdin.resume();
  await once(process.stdin, 'end');
  server.close();
  server.closeAllConnections();
}

async function probe(url: string): Promise<void> {
  const [port] = (await once(process.stdin, 'data')) as [Buffer];
  const idle = `http://127.0.0.1:${port.toString().trim()}/`;
  const taken: { oursMs: number; idleMs: number }[] = [];
  const over = new AbortController();
  process.stdin.on('end', () => over.abort());
  while (!over.signal.aborted) {
    const [oursMs, idleMs] = await Promise.all([answerMs(url), answerMs(idle)]);
    taken.push({ oursMs, idleMs });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  agent.destroy();
  console.log(JSON.stringify(judge(taken)));
}

/** Around an answer: so many before it, and after it. */
const around = 10;

function judge(taken: readonly { oursMs: number; idleMs: number }[]): Latency {
  const machineMsAround = (index: number): number =>
    Math.max(...taken.slice(Math.max(0, index - around), index + around + 1).map(({ idleMs }) => idleMs));
  return {
    samples: taken.length,
    worstMs: Math.max(0, ...taken.map(({ oursMs }) => oursMs)),
    machineWorstMs: Math.max(0, ...taken.map(({ idleMs }) => idleMs)),
    late: taken.filter(({ oursMs }, index) => oursMs > machineMsAround(index) + 100).length,
  };
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === 'idle') await serveIdly();
  else await probe(process.argv[2] ?? '');
}
