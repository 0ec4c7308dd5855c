/**
 * Keeps web pages away: a browser on this machine reaches a server on loopback that asks nobody for a token, and the pages it shows
 * must not. Programs send none of these headers. Pure.
 */
import { type IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** @returns what is wrong, where this is the request of somebody else's page. */
export function crossSiteObjection(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site') return 'A web page of another site may not use this server.';
  const { origin, host } = headers;
  if (origin === undefined || origin === hostOrigin('http', host) || origin === hostOrigin('https', host))
    return undefined;
  return 'A web page of another origin may not use this server.';
}

const hostOrigin = (scheme: string, host: string | undefined): string => `${scheme}://${host ?? ''}`;

/**
 * A page can make its own name point to 127.0.0.1 (DNS rebinding); then only the name in Host tells. Names without a dot belong to
 * nobody on the internet.
 */
export function foreignHostObjection(host: string | undefined): string | undefined {
  if (host === undefined || !host.includes('.')) return undefined;
  const name = host.replace(/:\d*$/u, '').replace(/\.$/u, '').toLowerCase();
  if (isIP(name) !== 0 || name.startsWith('[') || name.endsWith('.localhost')) return undefined;
  return `This server is open to its own machine only, not under the name ${name.slice(0, 100)}. Behind a proxy, set STT_TRUSTED_PROXIES to the proxy's address, or STT_AUTH=true.`;
}
