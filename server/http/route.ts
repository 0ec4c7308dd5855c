/**
 * What a call of the wire is, in one place: who may make it, what it takes, what it answers, and who handles it. Routing, access,
 * limits, metrics and the OpenAPI page are all read from such a table; nothing about a call is said anywhere else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Logger } from '../../src/logger.ts';
import type { Role } from '../queue/credentials.ts';
import type { Peer } from '../tasks/peer.ts';
import type { Refusal } from '../tasks/refusal.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** `none`: anybody, also without a token. */
export type RouteRole = Role | 'none';

export type RouteParameter = {
  in: 'query' | 'header' | 'path';
  name: string;
  meaning: string;
  schema: z.ZodType;
};

export type RouteAnswer = {
  status: number;
  meaning: string;
  /** Undefined: no body for a success, problem+json for everything from 400. */
  body?: { contentType: string; schema?: z.ZodType };
  /** Name -> meaning. */
  headers?: Readonly<Record<string, string>>;
};

export type Route = {
  method: Method;
  /** One segment may be a parameter, like `:id`. */
  path: string;
  role: RouteRole;
  /** For a GET that changes nothing: HEAD is answered as well. */
  takesHead?: boolean;
  /** A browser may ask for it from any page: health. */
  takesCrossSite?: boolean;
  operationId: string;
  summary: string;
  parameters?: readonly RouteParameter[];
  /** The JSON body that it takes. */
  request?: z.ZodType;
  /** Undefined: the limit of small messages. */
  longestBodyBytes?: number;
  /** Those of its own; what every call may answer (401, 403, 429, 500 ...) follows from the rest. */
  answers: readonly RouteAnswer[];
  handle: Handler;
};

export type Handler = (exchange: Exchange) => void | Promise<void>;

/** One request and its answer, as handlers see them. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** On every answer, and in every line of the log. */
  readonly requestId: string;
  /** The parameter of the path, empty where it has none; hostile like everything else. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly peer: Peer;
  readonly log: Logger;
  /** Aborts when the client hangs up. */
  readonly gone: AbortSignal;
  /** The whole body, within the limits. @throws HungUp where the client leaves before its end. */
  readBody: () => Promise<Buffer | Refusal>;
};
