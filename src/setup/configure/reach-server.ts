/** Whether something listens where SERVER_URL leads: for a friendly word while one is asked. What it is, `stt doctor` looks at. */
import { connect } from 'node:net';
import { messageOf, systemErrorCode } from '../../app-error.ts';

export type Reached = { kind: 'reached' } | { kind: 'away'; reason: string };

export function reachServer(serverUrl: string, timeoutMs: number, signal: AbortSignal): Promise<Reached> {
  const { hostname, port, protocol } = new URL(serverUrl);
  const host = hostname.replace(/^\[(.*)\]$/u, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80), signal });
    const end = (reached: Reached): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.setTimeout(timeoutMs, () => end({ kind: 'away', reason: `no answer within ${timeoutMs / 1000} s` }));
    socket.once('connect', () => end({ kind: 'reached' }));
    socket.once('error', (error) => end({ kind: 'away', reason: systemErrorCode(error) ?? messageOf(error) }));
  });
}
