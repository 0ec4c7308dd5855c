/**
 * A bad line between a worker and the server: swallows the answer to a request that the server has got, or turns into a black hole
 * in the middle (nothing goes through any more, and nobody is told). It passes bytes on and knows only the first line of requests.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type CutProxy = AsyncDisposable & {
  url: string;
  port: number;
  /** The next request that matches reaches the server; its answer goes nowhere, and the connection ends. */
  swallowAnswerTo: (request: RegExp) => void;
  /** From the next request that matches, once so many bytes of its answer have passed, the connection is a black hole. */
  blackHole: (request: RegExp, after?: { answerBytes: number }) => void;
  /** How often it happened. */
  cuts: () => number;
  /** First lines of all requests. */
  requests: string[];
  /** Ends the black holes. */
  heal: () => void;
};

type Cut = { request: RegExp; kind: 'swallow' | 'black hole'; answerBytes: number };

export async function startCutProxy(serverPort: number): Promise<CutProxy> {
  const planned: Cut[] = [];
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let cuts = 0;

  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    let cut: Cut | undefined;
    let passedBytes = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    const isHole = (): boolean => cut?.kind === 'black hole' && passedBytes >= cut.answerBytes;
    client.on('data', (chunk) => {
      const line = /^[A-Z]+ \S+/u.exec(chunk.toString('latin1'))?.[0];
      if (line !== undefined) {
        requests.push(line);
        const index = planned.findIndex(({ request }) => request.test(line));
        if (cut === undefined && index !== -1) {
          [cut] = planned.splice(index, 1);
          passedBytes = 0;
          cuts += 1;
        }
      }
      if (!isHole()) upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (cut?.kind === 'swallow') {
        client.destroy();
        upstream.destroy();
        return;
      }
      if (isHole()) return;
      const room = cut === undefined ? chunk.byteLength : cut.answerBytes - passedBytes;
      passedBytes += Math.min(room, chunk.byteLength);
      client.write(chunk.subarray(0, room));
      // What the hole does not take, the server cannot get rid of.
      if (isHole()) upstream.pause();
    });
    client.on('close', () => {
      if (!isHole()) upstream.destroy();
    });
    upstream.on('close', () => {
      if (!isHole()) client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const heal = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    swallowAnswerTo: (request) => planned.push({ request, kind: 'swallow', answerBytes: 0 }),
    blackHole: (request, { answerBytes } = { answerBytes: 0 }) =>
      planned.push({ request, kind: 'black hole', answerBytes }),
    cuts: () => cuts,
    heal,
    async [Symbol.asyncDispose]() {
      heal();
      server.close();
      await once(server, 'close');
    },
  };
}
