/** A real HTTP server for one test, on a port of its own. The handler decides how badly it behaves. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type FileServer = AsyncDisposable & { url: string; requests: IncomingMessage[] };

/** @param handle Gets the number of the request, from 1. */
export async function fileServer(
  handle: (request: IncomingMessage, response: ServerResponse, number: number) => void,
): Promise<FileServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handle(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.tar.gz`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
