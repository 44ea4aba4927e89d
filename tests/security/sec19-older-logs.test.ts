import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pathsIn } from '../../src/app/paths.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { NO_STREAM } from '../../src/ports/event-store.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { startCredentialServer, type CredentialServer } from './support/credential-server.ts';

const mcp = '0198c0de-0000-7000-8000-0000000000aa';

let directory: string;
let server: CredentialServer;
let app: TestApp;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-older-secrets-'));
  server = await startCredentialServer();
  // As a version of the product wrote it that had no secrets.
  const store = openSqliteEventStore({ path: pathsIn(directory).events, decode: decodeEventData });
  const transport = { type: 'streamable-http', url: server.url, headers: { Authorization: 'Bearer from-before' } };
  const definition = { name: 'from before', description: '', tags: [], transport };
  const metadata = {
    eventId: '0198c0de-0000-5000-8000-0000000000a1',
    commandId: mcp,
    actor: 'user:0198c0de-0000-7000-8000-000000000002',
    tenant: 'default',
    correlationId: 'c-1',
    schemaVersion: '1',
    occurredAt: '2025-11-01T10:00:00.000Z',
  };
  await store.append(`mcp-${mcp}`, NO_STREAM, [{ type: 'McpRegistered', data: { definition }, metadata }]);
  await store.close();
  const env = {
    ANNALS_JWT_SECRET: 'of this test, and long enough for one',
    ANNALS_MASTER_KEY: 'also of this test, and long enough as well',
  };
  app = await startTestApp({ directory, env });
});
afterAll(async () => {
  await app.close();
  await server.close();
  await rm(directory, { recursive: true });
});

const call = async (): Promise<string | undefined> => {
  const body = { mcpId: mcp, tool: 'plain', arguments: {} };
  const reply = await app.request('POST', '/api/v1/executions', { body });
  expect(reply.status, reply.text).toBe(200);
  return server.seen.at(-1)?.authorization;
};

test('an mcp whose credential an older version put into the log in clear is called with it', async () => {
  expect((await app.request('POST', `/api/v1/mcps/${mcp}/discover`, { body: {} })).status).toBe(200);
  expect(await call()).toBe('Bearer from-before');
});

test('its next version keeps the credential as a secret, and sends the same', async () => {
  const patched = await app.request('PATCH', `/api/v1/mcps/${mcp}`, { body: { description: 'changed' } });
  expect(patched.status, patched.text).toBe(200);
  expect(patched.text).not.toContain('from-before');
  await app.request('POST', `/api/v1/mcps/${mcp}/discover`, { body: {} });
  expect(await call()).toBe('Bearer from-before');
});
