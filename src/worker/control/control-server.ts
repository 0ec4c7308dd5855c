/**
 * Lets people talk to a running worker: HTTP over a Unix socket in the data folder, for the user of the worker alone. A worker works
 * just as well without: what keeps it from listening is one warning.
 */
import { chmod, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { hasOwnerEnded, ownToken } from '../process-owner.ts';
import type { Report } from '../worker-event.ts';
import { openAddress } from './control-address.ts';
import { answerControl, type ControlAnswer, type Controls, refusal } from './control-requests.ts';

export type ControlOptions = Controls & {
  /** `worker/control` in the data folder. */
  folder: string;
  clock: Clock;
  report: Report;
};

const longestBodyBytes = 4096;
const requestMs = 5000;
/** A person, a script, a display; more at once is a mistake. */
const mostConnections = 16;
/** So often a worker shows those of other machines that it lives, who cannot look at its process. */
const touchEveryMs = 60_000;
const foreignPatienceMs = 600_000;

/** Never throws. Disposing ends it and takes the socket away. */
export async function openControl(options: ControlOptions): Promise<AsyncDisposable> {
  try {
    return await listen(options);
  } catch (error) {
    const message = `Status, pause and drain cannot reach this worker: ${options.folder}: ${messageOf(error)}.`;
    options.report({ event: 'warning', message });
    return { [Symbol.asyncDispose]: async () => {} };
  }
}

async function listen({ folder, clock, report, ...controls }: ControlOptions): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await sweep(folder);
  const own = path.join(folder, ownToken);
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { mode: 0o700 });
  const address = await openAddress(own);
  const server = makeServer(controls, report);
  const takeAway = async (): Promise<void> => {
    await rm(own, { recursive: true, force: true }).catch(() => {});
    await address[Symbol.asyncDispose]();
  };
  try {
    await startListening(server, address.path);
    await chmod(address.path, 0o600);
  } catch (error) {
    server.close();
    await takeAway();
    throw error;
  }
  const over = new AbortController();
  const touching = keepTouching(own, clock, over.signal);
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await touching;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await takeAway();
    },
  };
}

/** Takes away what dead workers have left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const entry = path.join(folder, name);
    try {
      const { mtimeMs } = await stat(entry);
      if (name !== ownToken && hasOwnerEnded(name, Date.now() - mtimeMs, foreignPatienceMs)) {
        await rm(entry, { recursive: true, force: true });
      }
    } catch {
      // Gone meanwhile, or not ours: nobody is hurt by it.
    }
  }
}

async function keepTouching(own: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(touchEveryMs, signal);
    const now = new Date();
    await utimes(own, now, now).catch(() => {});
  }
}

function startListening(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => {
      server.off('error', reject);
      // What goes wrong with one connection later is none of the worker's.
      server.on('error', () => {});
      resolve();
    });
  });
}

function makeServer(controls: Controls, report: Report): Server {
  const server = createServer(
    {
      maxHeaderSize: 4096,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: 1000,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      void answer(request, response, controls).catch((error: unknown) => {
        report({ event: 'warning', message: `A request for the control of this worker failed: ${messageOf(error)}.` });
        send(response, refusal(500, 'That went wrong; see the log of the worker.'));
      });
    },
  );
  server.maxConnections = mostConnections;
  // The worker decides when it ends, not this.
  server.unref();
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, controls: Controls): Promise<void> {
  const text = await readBody(request);
  if (text === 'hung up') return;
  if (text === undefined) {
    send(response, refusal(413, `A body may have ${longestBodyBytes} bytes.`));
    return;
  }
  send(response, await answerControl({ method: request.method, url: request.url, text }, controls));
}

/** @returns undefined for one that is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    // Who sends too much is still answered.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > longestBodyBytes) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return 'hung up';
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body, headers = {} }: ControlAnswer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close', ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}
