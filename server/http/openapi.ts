/**
 * The OpenAPI 3.1 page, read from the table of routes and their schemas: what is checked is what is written here. Pure.
 */
import { z } from 'zod';
import { packageVersion } from '../../src/package-folder.ts';
import { problemCodes } from '../../src/protocol/problem.ts';
import { sendJson } from './replies.ts';
import type { Route, RouteAnswer, RouteParameter } from './route.ts';

type Json = Record<string, unknown>;

const problemReference = { $ref: '#/components/schemas/Problem' };

/** What any call may answer besides its own, by what follows from the rest of it. */
const alwaysAnswers: readonly (RouteAnswer & { concerns: (route: Route) => boolean })[] = [
  { status: 400, meaning: 'The request is not as it should be.', concerns: () => true },
  { status: 401, meaning: 'No token, or a wrong one.', concerns: ({ role }) => role !== 'none' },
  { status: 403, meaning: 'The token is right, and not for this call.', concerns: ({ role }) => role !== 'none' },
  { status: 408, meaning: 'The body came too slowly.', concerns: takesBody },
  { status: 413, meaning: 'The body is too large.', concerns: takesBody },
  { status: 415, meaning: 'The body is not plain JSON.', concerns: takesBody },
  { status: 429, meaning: 'Too many wrong tokens came from this address.', concerns: ({ role }) => role !== 'none' },
  { status: 500, meaning: 'The server failed; its log says why.', concerns: () => true },
  { status: 503, meaning: 'Not ready, or too busy: come again.', concerns: () => true },
];

function takesBody({ request }: Route): boolean {
  return request !== undefined;
}

/** `GET /openapi.json`. @param routes all others; it adds itself. */
export function openApiRoute(routes: readonly Route[]): Route {
  let document: object | undefined;
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    role: 'none',
    takesHead: true,
    operationId: 'getOpenApi',
    summary: 'This page',
    answers: [
      { status: 200, meaning: 'OpenAPI 3.1.', body: { contentType: 'application/json', schema: z.looseObject({}) } },
    ],
    handle(exchange) {
      document ??= openApiDocument([...routes, route]);
      sendJson(exchange, 200, document);
    },
  };
  return route;
}

export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const place = route.path.replaceAll(/:([a-z]+)/giu, '{$1}');
    const here = (paths[place] ??= {});
    here[route.method.toLowerCase()] = operationOf(route, route.operationId);
    if (route.takesHead === true) here['head'] = operationOf(route, `${route.operationId}Head`, false);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'stt-server',
      version: packageVersion(),
      summary: 'Hands out recordings, collects transcripts.',
      description:
        'The calls without a prefix are for workers; the first three are the ones of the Python ancestor. A worker that sends `X-STT-Protocol: 2` may use them all. Below `/api` are the calls for people and scripts.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tagMeanings).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of `stt-server worker add`.' },
        basic: { type: 'http', scheme: 'basic', description: 'Any user name, and the token as the password.' },
      },
    },
  };
}

const tagMeanings = {
  worker: 'The work itself.',
  operations: 'Health and figures.',
  tasks: 'The queue, for those who look after it.',
};

function tagOf({ path, role }: Route): keyof typeof tagMeanings {
  if (path.startsWith('/api/')) return 'tasks';
  return role === 'worker' ? 'worker' : 'operations';
}

/** @param hasBodies false for a HEAD: everything as with GET, and no body. */
function operationOf(route: Route, operationId: string, hasBodies = true): Json {
  const { role, summary, parameters = [], request } = route;
  return {
    operationId,
    summary,
    tags: [tagOf(route)],
    // None is needed where the server asks for none.
    security: role === 'none' ? [] : [{ bearer: [] }, { basic: [] }],
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterOf) }),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(request, 'input') } } } }),
    responses: responsesOf(route, hasBodies),
  };
}

function parameterOf({ in: place, name, meaning, schema }: RouteParameter): Json {
  const isRequired = place === 'path' || !schema.safeParse(undefined).success;
  return { in: place, name, description: meaning, required: isRequired, schema: schemaOf(schema, 'input') };
}

function responsesOf(route: Route, hasBodies: boolean): Json {
  const responses: Json = {};
  const own = new Set(route.answers.map(({ status }) => status));
  const others = alwaysAnswers.filter(({ status, concerns }) => !own.has(status) && concerns(route));
  // Two answers of one status, as 404 for two reasons, are one entry with both meanings.
  const byStatus = Map.groupBy([...route.answers, ...others], ({ status }) => status);
  for (const [status, answers] of [...byStatus].toSorted(([a], [b]) => a - b)) {
    responses[String(status)] = responseOf(status, answers, hasBodies);
  }
  return responses;
}

function responseOf(status: number, answers: readonly RouteAnswer[], hasBodies: boolean): Json {
  const headers = Object.assign({}, ...answers.map(({ headers }) => headers)) as Record<string, string>;
  const bodies = answers.flatMap(({ body }) => (body === undefined ? [] : [body]));
  const content: Json = Object.fromEntries(
    bodies.map(({ contentType, schema }) => [
      contentType,
      schema === undefined ? {} : { schema: schemaOf(schema, 'output') },
    ]),
  );
  if (status >= 400 && bodies.length === 0) content['application/problem+json'] = { schema: problemReference };
  return {
    description: answers.map(({ meaning }) => meaning).join(' Or: '),
    ...(Object.keys(headers).length === 0
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
          ),
        }),
    ...(hasBodies && Object.keys(content).length > 0 ? { content } : {}),
  };
}

/** @param io what a request may send, or what an answer has: they differ where a schema reads or fills in. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(insideOf(schema), {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
  });
  return json;
}

/** A message is made ready before it is checked (null is as good as absent); what is documented is what is checked. */
function insideOf(schema: z.ZodType): z.ZodType {
  const isPrepared = schema instanceof z.ZodPipe && schema.def.in instanceof z.ZodTransform;
  return isPrepared ? (schema.def.out as z.ZodType) : schema;
}

const problemSchema = {
  type: 'object',
  description: 'RFC 9457. `code` is stable and for programs; `detail` is for people.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { type: 'string', enum: Object.keys(problemCodes) },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'Names the request, as `X-Request-ID` does.' },
  },
};
