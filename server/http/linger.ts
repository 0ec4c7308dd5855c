/**
 * After an answer that did not need the whole body: what still comes is thrown away for a while, since a connection that is cut at
 * once may take the answer with it. Whoever sends on and on is cut.
 */
import type { IncomingMessage } from 'node:http';
import type { HttpLimits } from './http-limits.ts';

const lookEveryMs = 100;

export function lingerAfter(request: IncomingMessage, { lingerMs, lingerBytes }: HttpLimits): void {
  const { socket } = request;
  if (socket.destroyed) return;
  const readBefore = socket.bytesRead;
  const until = performance.now() + lingerMs;
  const timer = setInterval(
    () => {
      const isOver = request.complete || socket.destroyed;
      if (!isOver && performance.now() < until && socket.bytesRead - readBefore < lingerBytes) return;
      clearInterval(timer);
      if (!isOver) socket.destroy();
    },
    Math.min(lookEveryMs, lingerMs),
  );
  timer.unref();
}
