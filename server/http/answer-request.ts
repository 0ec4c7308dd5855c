/** From a request to its handler: is there such a call, may this client make it, and what is said where the handler fails. */
import type { OutgoingHttpHeaders } from 'node:http';
import { messageOf } from '../../src/app-error.ts';
import type { Access, Admission } from '../access/access.ts';
import { crossSiteObjection, foreignHostObjection } from '../access/cross-site.ts';
import { isStoreTrouble } from '../queue/sqlite/store-trouble.ts';
import { HungUp } from './bodies.ts';
import type { HttpExchange } from './http-exchange.ts';
import { sendProblem } from './replies.ts';
import type { Route } from './route.ts';
import type { Router } from './router.ts';

export type Answerer = {
  router: Router;
  access: Access;
  /** Whether a name in Host that is not of this machine is refused, where nobody needs a token. */
  isHostChecked: boolean;
};

const challenge = { 'WWW-Authenticate': ['Bearer realm="stt"', 'Basic realm="stt", charset="UTF-8"'] };

export async function answerRequest(exchange: HttpExchange, path: string, answerer: Answerer): Promise<void> {
  try {
    const route = routeOf(exchange, path, answerer.router);
    if (route !== undefined && (await isAdmitted(exchange, route, answerer))) await route.handle(exchange);
  } catch (error) {
    answerFailure(exchange, error);
  }
}

function routeOf(exchange: HttpExchange, path: string, router: Router): Route | undefined {
  const { request } = exchange;
  if (!hasOneHost(request.rawHeaders, request.httpVersionMinor)) {
    sendProblem(exchange, 'bad_request', 'A request must have one Host header.', { Connection: 'close' });
    return undefined;
  }
  const match = router.find(request.method ?? '', path);
  if (match.kind === 'not_found') {
    sendProblem(exchange, 'not_found', 'There is nothing at this path.');
    return undefined;
  }
  exchange.route = match.route;
  if (match.kind === 'method_not_allowed') {
    sendProblem(exchange, 'method_not_allowed', `This path takes ${match.allow}.`, { Allow: match.allow });
    return undefined;
  }
  exchange.id = match.id;
  return match.route;
}

/** Node.js silently takes the first of several; a proxy in front may have taken another. */
function hasOneHost(rawHeaders: readonly string[], httpVersionMinor: number): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) count += 1;
  }
  return count === 1 || (count === 0 && httpVersionMinor === 0);
}

async function isAdmitted(exchange: HttpExchange, route: Route, answerer: Answerer): Promise<boolean> {
  const { headers } = exchange.request;
  const crossSite = route.takesCrossSite === true ? undefined : crossSiteObjection(headers);
  if (crossSite !== undefined) return refuseForbidden(exchange, crossSite);
  if (route.role === 'none') return true;
  const { access, isHostChecked } = answerer;
  if (isHostChecked) {
    const foreign = foreignHostObjection(headers.host);
    if (foreign !== undefined && !(await access.isRequired())) return refuseForbidden(exchange, foreign);
  }
  const visitor = { ip: exchange.ip, authorization: headers.authorization };
  const admission = await access.admit(visitor, route.role);
  if (admission.kind === 'admitted') {
    exchange.credential = admission.credential;
    return true;
  }
  sendProblem(exchange, admission.code, admission.detail, headersFor(admission));
  return false;
}

function headersFor(refusal: Exclude<Admission, { kind: 'admitted' }>): OutgoingHttpHeaders {
  if (refusal.code === 'unauthorized') return challenge;
  return refusal.code === 'too_many_attempts' ? { 'Retry-After': refusal.retryAfterSeconds } : {};
}

function refuseForbidden(exchange: HttpExchange, detail: string): false {
  exchange.log.warn({ ip: exchange.ip, reason: detail }, 'access refused');
  sendProblem(exchange, 'forbidden', detail);
  return false;
}

function answerFailure(exchange: HttpExchange, error: unknown): void {
  const { response, log } = exchange;
  const route = exchange.route?.path;
  if (error instanceof HungUp || exchange.hasHungUp) {
    log.debug({ route, reason: messageOf(error) }, 'the client hung up');
    response.destroy();
    return;
  }
  log.error({ route, err: error }, 'a request failed');
  if (response.headersSent) response.destroy();
  else if (isStoreTrouble(error)) sendProblem(exchange, 'not_ready', `The task database: ${messageOf(error)}.`);
  else sendProblem(exchange, 'internal', 'The server failed; its log says why.');
}
