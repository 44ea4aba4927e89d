import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import type { Route } from '../route/route.ts';
import { problemReference, problemsOf } from './problem-responses.ts';

const header = (description: string) => z.string().exactOptional().meta({ description });

const headers = {
  correlation: header('Kept in every event of the request and returned; made when absent'),
  idempotency: header('Sent again with the same body, the request is answered as the first time and done once'),
  ifMatch: header('The ETag that was read: refused with 412 when the resource has changed since'),
  ifNoneMatch: header('The ETag that was read: 304 when nothing has changed'),
  waitFor: header('A position from X-Event-Position: the answer waits, two seconds at most, until it is taken in'),
  lastEventId: header('Position of the last event received: the feed goes on behind it'),
};

/** What the OpenAPI document says of a route. */
export function operationOf(route: Route): ZodOpenApiOperationObject {
  const { summary, description, tags, access, request = {} } = route;
  return {
    operationId: operationId(route),
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [...tags],
    security: 'public' in access ? [] : [{ accessToken: [] }],
    ...('permission' in access ? { 'x-permission': access.permission } : {}),
    requestParams: {
      header: z.object(headersOf(route)),
      ...(request.params ? { path: request.params } : {}),
      ...(request.query ? { query: request.query } : {}),
    },
    ...(request.body ? { requestBody: bodyOf(route, request.body) } : {}),
    responses: responsesOf(route),
  };
}

function headersOf(route: Route): Record<string, z.ZodType> {
  return {
    'X-Correlation-Id': headers.correlation,
    ...(route.method === 'post' ? { 'Idempotency-Key': headers.idempotency } : {}),
    ...(route.conditional ? { 'If-Match': headers.ifMatch } : {}),
    ...(route.versioned ? { 'If-None-Match': headers.ifNoneMatch } : {}),
    ...(route.reads === undefined ? {} : { 'X-Wait-For-Position': headers.waitFor }),
    ...(route.feed ? { 'Last-Event-ID': headers.lastEventId } : {}),
  };
}

function bodyOf({ method, examples = [], request }: Route, schema: z.ZodType) {
  const shown = examples.flatMap(({ summary, body }, index) =>
    body === undefined ? [] : [[`example${index + 1}`, { summary, value: body }] as const],
  );
  const content = { schema, ...(shown.length > 0 ? { examples: Object.fromEntries(shown) } : {}) };
  const mergePatch = method === 'patch' ? { 'application/merge-patch+json': content } : {};
  return { required: request?.bodyOptional !== true, content: { 'application/json': content, ...mergePatch } };
}

function responsesOf(route: Route): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, { description, schema, contentType = 'application/json' }] of Object.entries(route.responses)) {
    responses[status as `${2 | 3 | 5}${string}`] = {
      description,
      ...(schema || contentType !== 'application/json'
        ? { content: { [contentType]: { schema: schema ?? z.string() } } }
        : {}),
    };
  }
  for (const status of problemsOf(route)) {
    responses[String(status) as `4${string}`] ??= problemReference(status);
  }
  return responses;
}

/** `get /api/v1/mcps/{id}/versions` becomes `getMcpsIdVersions`. */
function operationId({ method, path }: Route): string {
  const parts = path
    .replace(/^\/api(?:\/v1)?/, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((part) => part !== '');
  return method + parts.map((part) => (part[0] ?? '').toUpperCase() + part.slice(1)).join('');
}
