/**
 * The proxy that downloads go through, by the variables that all programs know (HTTPS_PROXY, NO_PROXY, ...). Node.js speaks to it; it
 * would pass silently over a proxy that it cannot use, so that is said here.
 */
import http from 'node:http';
import https from 'node:https';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { hideSecrets } from '../hide-secrets.ts';

/** The variables as they are set, by their names in capitals; see proxyEnvironment in load-settings. */
export type ProxyEnvironment = {
  HTTP_PROXY?: string | undefined;
  HTTPS_PROXY?: string | undefined;
  /** For both, where the one above is not set. */
  ALL_PROXY?: string | undefined;
  /** Hosts that are asked directly. */
  NO_PROXY?: string | undefined;
};

export type Agents = { http: http.Agent; https: https.Agent };

/** @throws AppError STT_PROXY for a proxy that is none of HTTP. */
export function proxyAgents(environment: ProxyEnvironment): Agents {
  const { HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY } = environment;
  const proxyEnv = {
    ...proxyFrom('HTTP_PROXY', HTTP_PROXY, ALL_PROXY),
    ...proxyFrom('HTTPS_PROXY', HTTPS_PROXY, ALL_PROXY),
    ...(NO_PROXY === undefined ? {} : { NO_PROXY }),
  };
  return { http: new http.Agent({ proxyEnv }), https: new https.Agent({ proxyEnv }) };
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
  throw new AppError(`${name} names no proxy that can be used: ${hideSecrets(url)}.`, {
    code: 'STT_PROXY',
    hint: 'Write it like http://proxy:3128, http://user:password@proxy:3128 with special characters as %40, or unset it. SOCKS is not supported.',
    exitCode: exitCodes.config,
  });
}
