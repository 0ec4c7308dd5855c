/**
 * The proxy that downloads go through, by the variables that all programs know (HTTPS_PROXY, NO_PROXY, ...). Node.js speaks to it; it
 * would pass silently over a proxy that it cannot use, so that is said here.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { AppError } from '../app-error.ts';
import { withoutSecrets } from '../config/setting.ts';
import { exitCodes } from '../exit-codes.ts';

/** The variables as they are set, by their names in capitals; see proxyEnvironment in load-settings. */
export type ProxyEnvironment = {
  HTTP_PROXY?: string | undefined;
  HTTPS_PROXY?: string | undefined;
  /** For both, where the one above is not set. */
  ALL_PROXY?: string | undefined;
  /** Hosts that are asked directly. */
  NO_PROXY?: string | undefined;
};

/** Disposing of them ends their connections. */
export type Agents = Disposable & { http: http.Agent; https: https.Agent };

/** @param tunnelMs a tunnel that is not made within this time counts as failed. @throws AppError STT_PROXY for a proxy that is none of HTTP. */
export function proxyAgents(environment: ProxyEnvironment, tunnelMs: number): Agents {
  const { HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY } = environment;
  const proxyEnv = {
    ...proxyFrom('HTTP_PROXY', HTTP_PROXY, ALL_PROXY),
    ...proxyFrom('HTTPS_PROXY', HTTPS_PROXY, ALL_PROXY),
    ...(NO_PROXY === undefined ? {} : { NO_PROXY }),
  };
  const agents = { http: new http.Agent({ proxyEnv }), https: new https.Agent({ proxyEnv }) };
  const sockets = new Set<net.Socket>();
  for (const agent of Object.values(agents)) keepSockets(agent, sockets, tunnelMs);
  return {
    ...agents,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/**
 * An agent forgets a connection through which a proxy makes no tunnel, and leaves it open; nobody listens to its errors then. And it
 * waits for a tunnel without end.
 */
function keepSockets(agent: http.Agent, sockets: Set<net.Socket>, tunnelMs: number): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    const socket = connect(options, (error, stream) => {
      clearTimeout(timer);
      done?.(error, stream);
    });
    // Where there is no tunnel, the agent has the socket by then and passes over this.
    const giveUp = (): void => done?.(new Error('the proxy made no connection in time'), socket as net.Socket);
    const timer = setTimeout(giveUp, tunnelMs).unref();
    if (socket instanceof net.Socket) sockets.add(socket.on('error', () => {}));
    return socket;
  };
}

/** Whether one is named for addresses like this one. */
export function isProxied({ HTTP_PROXY, HTTPS_PROXY, ALL_PROXY }: ProxyEnvironment, url: string): boolean {
  return isSet(url.startsWith('https:') ? HTTPS_PROXY : HTTP_PROXY) || isSet(ALL_PROXY);
}

function proxyFrom(name: 'HTTP_PROXY' | 'HTTPS_PROXY', own: string | undefined, all: string | undefined) {
  const isOwn = isSet(own);
  const value = isOwn ? own : all;
  return isSet(value) ? { [name]: proxyUrl(isOwn ? name : 'ALL_PROXY', value.trim()) } : {};
}

const isSet = (value: string | undefined): value is string => value !== undefined && value.trim() !== '';

function proxyUrl(name: string, value: string): string {
  // Without a scheme, as curl takes it.
  const url = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)) return url;
  throw new AppError(`${name} names no proxy that can be used: ${withoutSecrets(url)}.`, {
    code: 'STT_PROXY',
    hint: 'Write it like http://proxy:3128, http://user:password@proxy:3128 with special characters as %40, or unset it. SOCKS is not supported.',
    exitCode: exitCodes.config,
  });
}
