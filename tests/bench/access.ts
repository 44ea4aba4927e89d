import { createHmac, hash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import { createApiKey } from '../../src/commands/api-keys.ts';
import { registerUser } from '../../src/commands/users.ts';
import { authorize, type Asker } from '../../src/domain/access/authorize.ts';
import type { Resource } from '../../src/domain/access/resource.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { createApiKeyCheck } from '../../src/http/auth/api-key-check.ts';
import { createPrincipals } from '../../src/http/auth/principals.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { createArgon2PasswordHasher } from '../../src/infrastructure/passwords/argon2-password-hasher.ts';
import { fastestOf } from './fastest-of.ts';
import { figure, type BenchRow } from './row.ts';
import { silent } from '../support/silent-logger.ts';

const runs = 10;
const decisions = 20_000;
const checks = 20_000;
const rules = 1_000;

/** What it costs to know who asks by an API key, and to decide whether he may. */
export async function benchAccess(): Promise<readonly BenchRow[]> {
  return [benchAuthorize(), await benchApiKey()];
}

/** Rules of every shape, and calls that some allow and some do not: no two of them in a row are the same. */
function benchAuthorize(): BenchRow {
  const permissions = Array.from({ length: rules }, (_, n) => {
    const shapes = [`mcp:team-${n}:call`, `mcp:team-${n}-*:call:create_*`, `mcp:shared-*:call:tool_${n}_*`];
    return n % 50 === 0 ? `mcp:*-${n}:call` : (shapes[n % shapes.length] ?? '');
  });
  const asker: Asker = { actor: 'user:u1', roles: [], permissions };
  const calls = Array.from({ length: decisions }, (_, n): Resource => {
    const name = n % 2 === 0 ? `team-${n % rules}-a` : `shared-${n}`;
    return {
      kind: 'tool',
      mcp: { id: uuidv7(), name, owner: null },
      tool: n % 3 === 0 ? 'create_issue' : `tool_${n % rules}_x`,
    };
  });
  const names = new Set(permissions);
  let found = 0;
  const floor = fastestOf(runs, () => {
    for (const call of calls) if (call.kind === 'tool' && names.has(`mcp:${call.mcp.name}:call:${call.tool}`)) found++;
  });
  const time = fastestOf(runs, () => {
    for (const call of calls) if (authorize(asker, 'mcp:call', call).allowed) found++;
  });
  if (found === 0) throw new Error('some of the calls were to be allowed');
  const each = (time / decisions) * 1000;
  return {
    what: `a decision with ${figure(rules)} rules`,
    value: `${figure(each)} µs`,
    floor: `${figure((floor / decisions) * 1000)} µs to look up one text among as many`,
    ratio: `${figure(each)} µs`,
    goal: '≤ 5 µs',
    met: each <= 5,
  };
}

async function benchApiKey(): Promise<BenchRow> {
  const directory = await mkdtemp(join(tmpdir(), 'annals-bench-'));
  const store = openSqliteEventStore({ path: join(directory, 'events.db'), decode: decodeEventData });
  const secret = randomBytes(32);
  const deps = {
    store,
    aggregates: createAggregateCache(),
    clock: Date.now,
    keyedHash: (text: string) => createHmac('sha256', secret).update(text).digest('hex'),
    passwords: createArgon2PasswordHasher({ memory: 8, passes: 1, parallelism: 1 }),
  };
  const coordination = createMemoryCoordination({ logger: silent });
  const { channels } = coordination;
  const principals = await createPrincipals(deps, { channels, accessTokenTtlMs: 900_000, logger: silent });
  const userId = uuidv7();
  const principal = { actor: `user:${userId}`, userId, tenant: 'default', roles: ['admin'], sessionId: 'bench' };
  const command = (commandId = uuidv7()) => ({ commandId, principal, correlationId: commandId });
  await registerUser(deps, command(userId), { username: 'ada', email: 'ada@example.org', password: 'of a bench' });
  const made = await createApiKey(deps, command(), {
    name: 'bench',
    scopes: ['mcp:read'],
    expiresAt: null,
    addresses: [],
  });
  const keys = createApiKeyCheck(deps, principals, silent);
  const caller = { correlationId: 'bench', remoteAddress: '127.0.0.1' };
  await keys.check(made.key, caller);

  const times: number[] = [];
  const floors: number[] = [];
  for (let n = 0; n < checks; n++) {
    const begun = performance.now();
    hash('sha256', made.key, 'base64');
    const hashed = performance.now();
    const answer = keys.check(made.key, caller);
    times.push(performance.now() - hashed);
    floors.push(hashed - begun);
    if (answer instanceof Promise) throw new Error('a key that is known was to be checked at once');
  }
  await keys.close();
  await principals.close();
  await coordination.close();
  await store.close();
  await rm(directory, { recursive: true });
  const [time, floor] = [median(times) * 1000, median(floors) * 1000];
  return {
    what: 'an API key checked, p50',
    value: `${figure(time)} µs`,
    floor: `${figure(floor)} µs to hash it`,
    ratio: `${figure(time)} µs`,
    goal: '≤ 60 µs',
    met: time <= 60,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}
