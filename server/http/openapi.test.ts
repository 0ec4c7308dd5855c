/** The page is right by itself (linted as the tools of others would read it), and says of every call what the call does. */
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allRoutes } from './all-routes.ts';
import { openApiDocument } from './openapi.ts';

const page = suite('openApiDocument');

/** The table only: no handler is called. */
const routes = allRoutes({ readiness: {}, metrics: {} } as never);
const document = openApiDocument(routes) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};
type Operation = {
  operationId: string;
  security: object[];
  parameters?: { name: string; required: boolean; schema: object }[];
  requestBody?: {
    content: { 'application/json': { schema: { required?: string[]; properties: Record<string, object> } } };
  };
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
};

page('is without fault by the recommended rules', async () => {
  const config = await createConfig({
    extends: ['recommended'],
    rules: {
      // /api/tasks/retry beside /api/tasks/{id}: ids are numbers, and the two have no method in common.
      'no-ambiguous-paths': 'off',
    },
  });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  assert.equal(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    [],
  );
});

page('has every route, and nothing else', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/gu, ':$1')}`),
  );
  const served = routes.flatMap(({ method, path, takesHead }) => [
    `${method} ${path}`,
    ...(takesHead === true ? [`HEAD ${path}`] : []),
  ]);
  assert.equal(described.toSorted(), served.toSorted());
  for (const place of ['/task', '/task/{id}/audio', '/result', '/api/tasks/{id}/retry', '/metrics', '/openapi.json']) {
    assert.ok(document.paths[place] !== undefined, place);
  }
});

page('every path parameter is described, and only GET may be without a body', () => {
  for (const { path, parameters = [], method, request, operationId } of routes) {
    const inPath = [...path.matchAll(/:(\w+)/gu)].map(([, name]) => name);
    const described = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    assert.equal(described, inPath, operationId);
    if (method === 'GET') assert.is(request, undefined, operationId);
  }
});

page('documents the message itself, as it may be sent', () => {
  const body = document.paths['/result']?.['post']?.requestBody?.content['application/json'].schema;
  assert.equal(body?.required, ['id', 'vtt']);
  assert.equal(body?.properties['duration'], { type: 'number', minimum: 0, maximum: 1e9 });
  const query = document.paths['/api/tasks']?.['get']?.parameters ?? [];
  assert.equal(
    query.map(({ name, required }) => [name, required]),
    [
      ['state', false],
      ['path', false],
      ['after', false],
      ['limit', false],
    ],
  );
});

page('asks for a token where one is needed, and says what is answered without', () => {
  const livez = document.paths['/livez']?.['get'];
  assert.equal(livez?.security, []);
  assert.is(livez?.responses['401'], undefined);
  const claim = document.paths['/task']?.['get'];
  assert.equal(claim?.security, [{ bearer: [] }, { basic: [] }]);
  assert.equal(claim?.responses['401']?.content?.['application/problem+json'], {
    schema: { $ref: '#/components/schemas/Problem' },
  });
});

page.run();
