import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { ask } from '../integration/support/api.ts';
import { caughtUp } from '../integration/support/read-models.ts';
import { environmentOf, launch, main, startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { startStandIn, type StandIn } from '../support/esdb-stand-in/stand-in.ts';

let dataDir: string;
let tools: ToolServer;
let target: StandIn;
let server: ServerProcess | undefined;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'annals-move-'));
  [tools, target] = await Promise.all([startToolServer(), startStandIn()]);
});
afterEach(async () => {
  await server?.kill();
  await Promise.all([tools.close(), target.stop()]);
  rmSync(dataDir, { recursive: true });
});

const paths = ['/api/v1/mcps', '/api/v1/executions', '/api/v1/executions?q=moving', '/api/v1/users'];

/** What the lists say, without the places in the log, which are others after a move, and the last login. */
async function lists(api: ServerProcess): Promise<string> {
  const answers = [];
  for (const path of paths) answers.push(await ask(api, 200, 'GET', path));
  return JSON.stringify(
    answers,
    (key, value: unknown) => (/position|cursor|lastLogin/i.test(key) ? undefined : value),
    1,
  );
}

test('a platform moves to (a stand-in for) EventStoreDB with all that it knows', async () => {
  server = await startServer({ dataDir });
  const body = { name: 'moved', transport: { type: 'streamable-http', url: tools.url } };
  const { id } = await ask<{ id: string }>(server, 201, 'POST', '/api/v1/mcps', { body });
  for (const message of ['moving one', 'moving two']) {
    await ask(server, 200, 'POST', '/api/v1/executions', {
      body: { mcpId: id, tool: 'echo', arguments: { message } },
    });
  }
  const api = server;
  const register = (username: string) => {
    const person = { username, email: `${username}@example.org`, password: 'moves along with the log' };
    return ask<{ id: string }>(api, 201, 'POST', '/api/v1/auth/register', { body: person });
  };
  await register('ada');
  const { id: erased } = await register('bob');
  await ask(server, 204, 'DELETE', `/api/v1/users/${erased}`);
  await caughtUp(server);
  const before = await lists(server);
  expect(before).toContain('moving two');
  expect(before).toContain('ada@example.org');
  await server.stop();

  const { jwtSecret, masterKey } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as {
    readonly jwtSecret: string;
    readonly masterKey: string;
  };
  const env = { ANNALS_EVENTSTORE_URL: target.url, ANNALS_JWT_SECRET: jwtSecret, ANNALS_MASTER_KEY: masterKey };
  // Before the copy, the events would be left behind.
  const refused = launch({ dataDir, env });
  expect(await refused.exited).toBe(1);
  expect(refused.said.error).toMatch(/ANNALS_EVENTSTORE_URL.*annals events copy/s);

  const { stdout } = await promisify(execFile)(
    process.execPath,
    [main, 'events', 'copy', '--to', target.url, '--json'],
    {
      env: environmentOf({ dataDir }),
    },
  );
  expect(JSON.parse(stdout)).toMatchObject({ resumedAt: 0, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });

  server = await startServer({ dataDir, env });
  await caughtUp(server);
  expect(await lists(server)).toBe(before);
  const { items } = await ask<{ items: readonly { data: unknown }[] }>(
    server,
    200,
    'GET',
    `/api/v1/events?stream=user-${erased}`,
  );
  expect(items[0]?.data).toMatchObject({ username: '[erased]', email: '[erased]' });
  await ask(server, 200, 'PATCH', `/api/v1/mcps/${id}`, { body: { description: 'changed after the move' } });
}, 120_000);
