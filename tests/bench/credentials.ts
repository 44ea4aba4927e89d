import { createHmac, hash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import { createApiKey } from '../../src/commands/api-keys.ts';
import { logIn } from '../../src/commands/sessions.ts';
import { registerUser } from '../../src/commands/users.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { issueAccessToken } from '../../src/http/auth/access-tokens.ts';
import { createApiKeyCheck } from '../../src/http/auth/api-key-check.ts';
import { createAuthenticator } from '../../src/http/auth/authenticator.ts';
import { createPrincipals } from '../../src/http/auth/principals.ts';
import { createSigningKeys } from '../../src/http/auth/signing-keys.ts';
import { createTokenCheck } from '../../src/http/auth/token-check.ts';
import { createUseRecorder } from '../../src/http/auth/use-recorder.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { createArgon2PasswordHasher } from '../../src/infrastructure/passwords/argon2-password-hasher.ts';
import { silent } from '../support/silent-logger.ts';
import { figure, type BenchRow } from './row.ts';

const checks = 20_000;
const password = 'of a bench';

/** What it costs to know whose an access token or an API key is that was seen before: a request's usual case. */
export async function benchCredentials(): Promise<readonly BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annals-bench-'));
  const store = openSqliteEventStore({ path: join(directory, 'events.db'), decode: decodeEventData });
  const secret = randomBytes(32);
  const deps = {
    store,
    aggregates: createAggregateCache(),
    clock: Date.now,
    keyedHash: (text: string) => createHmac('sha256', secret).update(text).digest('hex'),
    passwords: createArgon2PasswordHasher({ memory: 8, passes: 1, parallelism: 1 }),
    refreshTokenTtlMs: 3_600_000,
  };
  const coordination = createMemoryCoordination({ logger: silent });
  const { channels } = coordination;
  const ttlMs = 900_000;
  const principals = await createPrincipals(deps, { channels, accessTokenTtlMs: ttlMs, logger: silent });
  const userId = uuidv7();
  const principal = { actor: `user:${userId}`, userId, tenant: 'default', roles: ['admin'], sessionId: 'bench' };
  const command = (commandId = uuidv7()) => ({ commandId, principal, correlationId: commandId });
  await registerUser(deps, command(userId), { username: 'ada', email: 'ada@example.org', password });
  const { sessionId } = await logIn(deps, command(), 'ada', password);
  const signing = createSigningKeys({ algorithm: 'EdDSA', secrets: [randomBytes(48).toString('base64url')] });
  const { accessToken } = await issueAccessToken({ keys: signing, ttlMs }, Date.now(), { userId, sessionId });
  const made = await createApiKey(deps, command(), {
    name: 'bench',
    scopes: ['mcp:read'],
    expiresAt: null,
    addresses: [],
  });
  const authenticator = createAuthenticator(
    createTokenCheck(signing, deps.clock),
    createApiKeyCheck(deps, principals, silent),
    principals,
    createUseRecorder({ record: async () => undefined, clock: deps.clock, logger: silent, what: 'a grant' }),
    deps.clock,
  );
  const caller = { correlationId: 'bench', remoteAddress: '127.0.0.1' };

  const row = async (what: string, credential: string): Promise<BenchRow> => {
    await authenticator.credentialOf(credential, caller);
    const [times, floors]: [number[], number[]] = [[], []];
    for (let n = 0; n < checks; n++) {
      const begun = performance.now();
      hash('sha256', credential, 'base64');
      const hashed = performance.now();
      await authenticator.credentialOf(credential, caller);
      times.push(performance.now() - hashed);
      floors.push(hashed - begun);
    }
    const [time, floor] = [median(times) * 1000, median(floors) * 1000];
    return {
      what: `${what} checked, p50`,
      value: `${figure(time)} µs`,
      floor: `${figure(floor)} µs to hash it`,
      ratio: `${figure(time)} µs`,
      goal: '≤ 60 µs',
      met: time <= 60,
    };
  };
  const rows = [await row('an access token (EdDSA)', accessToken), await row('an API key', made.key)];
  await authenticator.close();
  await principals.close();
  await coordination.close();
  await store.close();
  await rm(directory, { recursive: true });
  return rows;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}
