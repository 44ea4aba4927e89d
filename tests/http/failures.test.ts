import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PreconditionFailed } from '../../src/commands/precondition-failed.ts';
import { DomainError } from '../../src/domain/error.ts';
import { createApp } from '../../src/http/app.ts';
import { createHttpMetrics } from '../../src/http/metrics.ts';
import { securityHeaders } from '../../src/http/middleware/security-headers.ts';
import { defineRoute } from '../../src/http/route/define-route.ts';
import { createAnswerWriter } from '../../src/http/write-answer.ts';
import { WrongExpectedRevision } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { UpstreamError } from '../../src/ports/upstream.ts';

const secret = 'the password of the database';

/** What a handler may throw, and what a client is then told. */
const failures: Readonly<Record<string, { error: unknown; status: number; code: string; headers?: object }>> = {
  full: {
    error: new StoreUnavailable(secret, { retryAfterMs: 2500 }),
    status: 503,
    code: 'store_unavailable',
    headers: { 'retry-after': '3' },
  },
  conflict: { error: new WrongExpectedRevision('mcp-1', 1, 2), status: 409, code: 'conflict' },
  stale: { error: new PreconditionFailed(1, 2), status: 412, code: 'precondition_failed' },
  invalid: { error: new DomainError('invalid', 'bad_thing', 'it is bad'), status: 422, code: 'bad_thing' },
  absent: {
    error: new DomainError('not_found', 'thing_not_found', 'there is none'),
    status: 404,
    code: 'thing_not_found',
  },
  forbidden: { error: new DomainError('forbidden', 'own_roles', 'no'), status: 403, code: 'own_roles' },
  nobody: {
    error: new DomainError('unauthenticated', 'invalid_credentials', 'no'),
    status: 401,
    code: 'invalid_credentials',
    headers: { 'www-authenticate': 'Bearer realm="annals"' },
  },
  later: { error: new DomainError('unsupported', 'not_implemented', 'not yet'), status: 501, code: 'not_implemented' },
  upstream: { error: new UpstreamError('upstream_unavailable', 'gone'), status: 502, code: 'upstream_unavailable' },
  slow: { error: new UpstreamError('execution_timed_out', 'slow'), status: 504, code: 'execution_timed_out' },
  bug: { error: new TypeError(secret), status: 500, code: 'internal_error' },
  odd: { error: secret, status: 500, code: 'internal_error' },
};

const errors: { fields: unknown; message: string }[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  const writer = createAnswerWriter(securityHeaders(), createHttpMetrics(new Registry(), { feedReaders: () => 0 }));
  const routes = Object.entries(failures).map(([name, { error }]) =>
    defineRoute({
      method: 'get',
      path: `/${name}`,
      summary: name,
      tags: [],
      access: { public: true },
      responses: {},
      handler: () => {
        throw error;
      },
    }),
  );
  const broken = defineRoute({
    method: 'get',
    path: '/broken-stream',
    summary: 'breaks after it has begun',
    tags: [],
    access: { public: true },
    responses: {},
    handler: () => ({
      kind: 'stream',
      status: 200,
      contentType: 'text/plain',
      write(response) {
        response.write('the beginning');
        return Promise.reject(new Error(secret));
      },
    }),
  });
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields: unknown, message: string) => void errors.push({ fields, message }),
    child: () => logger,
  };
  const unused = () => {
    throw new Error('a public GET needs none of this');
  };
  const pipeline = {
    authenticate: unused,
    admit: unused,
    count: () => Promise.resolve(),
    readBody: unused,
    once: unused,
    read: unused,
    wrote: () => undefined,
    writer,
  };
  const addressOf = () => undefined;
  const app = createApp({ routes: [...routes, broken], pipeline, checkHost: () => undefined, addressOf, logger });
  await new Promise<void>((resolve) => void (server = app.listen(0, '127.0.0.1', () => resolve())));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => void server.close());

test.each(Object.entries(failures))('%s', async (name, { status, code, headers = {} }) => {
  errors.length = 0;
  const answer = await fetch(`${url}/${name}`, { headers: { 'X-Correlation-Id': `for-${name}` } });
  const text = await answer.text();
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.parse(text)).toMatchObject({ code, status, correlationId: `for-${name}`, instance: `/${name}` });
  for (const [header, value] of Object.entries(headers)) expect(answer.headers.get(header)).toBe(value);
  // What went wrong inside is told to the log alone.
  expect(text).not.toContain(secret);
  expect(text).not.toContain('failures.test');
  const toBeLogged = [500, 503].includes(status);
  expect(errors.length).toBe(toBeLogged ? 1 : 0);
  if (toBeLogged) expect(errors[0]?.fields).toMatchObject({ correlationId: `for-${name}` });
});

test('an answer that breaks after it has begun breaks the connection, and is logged', async () => {
  errors.length = 0;
  await expect(fetch(`${url}/broken-stream`).then((answer) => answer.text())).rejects.toThrow();
  expect(errors.length).toBe(1);
});
