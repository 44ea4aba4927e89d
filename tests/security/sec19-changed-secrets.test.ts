import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createClosing } from '../../src/app/closing.ts';
import { followSecretChanges } from '../../src/app/secret-changes.ts';
import { rewrapSecret } from '../../src/commands/secrets/rewrap.ts';
import { changeSecret, createSecret, deleteSecret } from '../../src/commands/secrets/secrets.ts';
import { newCommand, openCommandSide } from '../commands/harness.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { silent } from '../support/silent-logger.ts';
import { startCredentialServer, type CredentialServer } from './support/credential-server.ts';

let app: TestApp;
let server: CredentialServer;
const secrets: Record<string, string> = {};

beforeAll(async () => {
  [app, server] = await Promise.all([startTestApp(), startCredentialServer()]);
});
afterAll(async () => {
  await app.close();
  await server.close();
});

async function keep(name: string, value: string): Promise<void> {
  const { status, body, text } = await app.request('POST', '/api/v1/secrets', { body: { name, value } });
  expect(status, text).toBe(201);
  secrets[name] = (body as { id: string }).id;
}

async function register(name: string, authorization: unknown): Promise<string> {
  const transport = { type: 'streamable-http', url: server.url, headers: { Authorization: authorization } };
  const { status, body, text } = await app.request('POST', '/api/v1/mcps', { body: { name, transport } });
  expect(status, text).toBe(201);
  return (body as { id: string }).id;
}

async function call(mcpId: string) {
  const reply = await app.request('POST', '/api/v1/executions', { body: { mcpId, tool: 'plain', arguments: {} } });
  return { ...reply, sent: server.seen.at(-1)?.authorization };
}

describe('a secret that has changed', () => {
  test('is what the next call sends, over a connection that stood before', async () => {
    await keep('rotating', 'Bearer first-value');
    const mcp = await register('rotating', { secret: 'rotating' });
    expect(await call(mcp)).toMatchObject({ status: 200, sent: 'Bearer first-value' });

    const patch = { body: { value: 'Bearer second-value' } };
    expect((await app.request('PATCH', `/api/v1/secrets/${secrets['rotating']}`, patch)).status).toBe(200);
    // Discovered under the first credential, which this server describes its tools with: the description is another now.
    expect((await app.request('POST', `/api/v1/mcps/${mcp}/discover`, { body: {} })).status).toBe(200);
    expect(await call(mcp)).toMatchObject({ status: 200, sent: 'Bearer second-value' });
  });

  test('reaches connections also where a setting of the mcp was given another value in clear', async () => {
    const mcp = await register('in clear', 'Bearer clear-first');
    expect(await call(mcp)).toMatchObject({ status: 200, sent: 'Bearer clear-first' });
    const body = { transport: { type: 'streamable-http', headers: { Authorization: 'Bearer clear-second' } } };
    const patched = await app.request('PATCH', `/api/v1/mcps/${mcp}`, { body });
    expect(patched.status, patched.text).toBe(200);
    expect(patched.text).not.toContain('clear-second');
    await app.request('POST', `/api/v1/mcps/${mcp}/discover`, { body: {} });
    expect(await call(mcp)).toMatchObject({ status: 200, sent: 'Bearer clear-second' });
  });
});

test('calls fail with the name of a secret that was deleted, and send nothing', async () => {
  await keep('short-lived', 'Bearer short-lived-value');
  const mcp = await register('short-lived', { secret: 'short-lived' });
  expect(await call(mcp)).toMatchObject({ status: 200 });
  const path = `/api/v1/secrets/${secrets['short-lived']}`;
  expect((await app.request('DELETE', path)).body).toMatchObject({ status: 409, code: 'secret_in_use' });
  expect((await app.request('DELETE', `${path}?force=true`)).status).toBe(204);

  const before = server.seen.length;
  const { status, body } = await call(mcp);
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'upstream_refused' });
  expect((body as { detail: string }).detail).toContain('there is no secret "short-lived"');
  expect(server.seen.length).toBe(before);
});

test('what another process records in the log reaches the connections of this one', async () => {
  const { store, elsewhere } = await openCommandSide();
  const closing = createClosing(silent);
  const changed: string[] = [];
  const upstreams = { secretChanged: (id: string) => void changed.push(id) };
  const { caughtUp } = await followSecretChanges({ store, upstreams, logger: silent, closing });
  onTestFinished(() => closing.run());

  const other = elsewhere();
  const command = newCommand();
  const id = command.commandId;
  const content = { name: 'theirs', description: '', scope: 'shared', value: 'Bearer theirs', mcps: [] } as const;
  await createSecret(other, command, content);
  await changeSecret(other, newCommand(), id, { value: 'Bearer another' });
  await rewrapSecret(other, newCommand(), id);
  await changeSecret(other, newCommand(), id, { description: 'of somebody' });
  const { position } = await deleteSecret(other, newCommand(), id, () => Promise.resolve([]));
  await caughtUp(position);
  expect(changed).toEqual([id, id, id]);
});
