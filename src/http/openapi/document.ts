import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import type { Route, RouteExample } from '../route/route.ts';
import { operationOf } from './operation.ts';
import { problemResponses } from './problem-responses.ts';

type Document = ReturnType<typeof createDocument>;

const description = `Every change and every call is an event in one log; everything this API answers is derived from it.

Errors are problem documents (RFC 9457). Lists are read page by page with \`cursor\`. Resources carry an \`ETag\`: send it back as
\`If-Match\` with a change, and the change is refused when somebody else was faster. Send an \`Idempotency-Key\` with a POST, and it
may be sent again safely. \`?asOf=\` reads any resource or list as it was at a time or a position of the log.`;

const tags = [
  { name: 'auth', description: 'Logging in and out' },
  { name: 'users', description: 'People and their roles' },
  { name: 'mcps', description: 'Managed MCP servers and their versions' },
  { name: 'executions', description: 'Calls of tools' },
  { name: 'events', description: 'The log itself, and feeds of it' },
  { name: 'audit', description: 'Who did what, when, from where' },
  { name: 'limits', description: 'How much of what may be asked for in which time' },
  { name: 'projections', description: 'Read models: their state, rebuilding and rolling back' },
  { name: 'system', description: 'Health, metrics and documentation' },
];

/** The OpenAPI 3.1 document of a route table. */
export function openApiDocument(table: readonly Route[], version: string): Document {
  const routes = table.filter(({ undocumented }) => !undocumented);
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operationOf(route);
  const document = createDocument({
    openapi: '3.1.0',
    info: { title: 'Annals', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags,
    security: [{ accessToken: [] }],
    components: {
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The accessToken that POST /api/v1/auth/login answers, or an API key, which may also stand in X-API-Key',
        },
      },
      responses: problemResponses,
    },
    paths,
  });
  for (const route of routes) {
    const [example] = route.examples ?? [];
    if (example) showParameters(document, route, example);
  }
  return document;
}

/** Puts the values of a route's first example beside its parameters. */
function showParameters(document: Document, route: Route, example: RouteExample): void {
  const values = { ...example.params, ...example.query };
  for (const parameter of document.paths?.[route.path]?.[route.method]?.parameters ?? []) {
    if ('$ref' in parameter) continue;
    const value = values[parameter.name];
    if (value === undefined) continue;
    const { schema } = parameter;
    const isInteger = typeof schema === 'object' && 'type' in schema && schema.type === 'integer';
    parameter.example = isInteger ? Number(value) : value;
  }
}
