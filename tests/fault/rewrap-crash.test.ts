import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openKeyring } from '../../src/app/keyring.ts';
import { createKeyedHash } from '../../src/app/keyed-hash.ts';
import { pathsIn } from '../../src/app/paths.ts';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import { resolveSecret } from '../../src/commands/secrets/resolve.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import type { RewrapStatus } from '../../src/ports/rewrapping.ts';
import { readOn } from '../contract/event-store/helpers.ts';
import { until } from '../http/support/until.ts';
import { ask } from '../integration/support/api.ts';
import { startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { silent } from '../support/silent-logger.ts';

const secrets = 600;
const newKey = 'the next master key, of which there are some 50 bytes';
const nameOf = (n: number) => `secret-${n}`;
const valueOf = (n: number) => `the value of number ${n}`;

test('a change of the master key that was killed in the middle is gone on with, and every secret opens', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'annals-rewrap-'));
  let server: ServerProcess | undefined;
  onTestFinished(async () => {
    await server?.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });
  server = await startServer({ dataDir });
  await keepSecrets(server);
  expect(await server.stop()).toBe(0);
  const { masterKey: old } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as { masterKey: string };

  const env = { ANNALS_MASTER_KEY: newKey, ANNALS_MASTER_KEY_PREVIOUS: old };
  server = await startServer({ dataDir, env });
  let seen = await rewrap(server, 'POST');
  while (seen.status === 'running' && seen.done < secrets / 10) seen = await rewrap(server, 'GET');
  await server.kill();
  const done = await rewrapped(dataDir);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(secrets);

  server = await startServer({ dataDir, env });
  const api = server;
  expect(await rewrap(api, 'GET')).toMatchObject({ previousNeeded: true });
  await rewrap(api, 'POST');
  await until(async () => (await rewrap(api, 'GET')).status === 'succeeded', 'all are sealed anew', 60_000);
  expect(await rewrap(api, 'GET')).toMatchObject({ previousNeeded: false });
  expect(await server.stop()).toBe(0);
  // Each once, in both runs together.
  expect(await rewrapped(dataDir)).toBe(secrets);
  await expectAllOpen(dataDir);
}, 180_000);

async function keepSecrets(server: ServerProcess): Promise<void> {
  for (let n = 0; n < secrets; n += 20) {
    const some = Array.from({ length: 20 }, (_, index) => n + index);
    const keep = (one: number) => {
      return ask(server, 201, 'POST', '/api/v1/secrets', { body: { name: nameOf(one), value: valueOf(one) } });
    };
    await Promise.all(some.map(keep));
  }
}

function rewrap(server: ServerProcess, method: 'GET' | 'POST'): Promise<RewrapStatus> {
  return ask<RewrapStatus>(server, method === 'GET' ? 200 : 202, method, '/api/v1/secrets/rewrap');
}

/** How many secrets the log says are sealed anew. */
async function rewrapped(dataDir: string): Promise<number> {
  const store = openSqliteEventStore({ path: pathsIn(dataDir).events, decode: decodeEventData });
  const { events } = await readOn(store, 0);
  await store.close();
  return events.filter(({ type }) => type === 'SecretRewrapped').length;
}

/** With the new master key alone. */
async function expectAllOpen(dataDir: string): Promise<void> {
  const store = openSqliteEventStore({ path: pathsIn(dataDir).events, decode: decodeEventData });
  const { vault, keys } = await openKeyring({ store, clock: Date.now, logger: silent }, { masterKey: newKey });
  const keyedHash = createKeyedHash(keys.index);
  const deps = { store, aggregates: createAggregateCache(), clock: Date.now, vault, keyedHash };
  const use = { mcpId: 'of-a-test', transport: { type: 'streamable-http', url: 'https://mcp.example/' } } as const;
  for (let n = 0; n < secrets; n++) {
    const { value } = await resolveSecret(deps, { secret: nameOf(n) }, use);
    expect(value).toBe(valueOf(n));
  }
  await store.close();
}
