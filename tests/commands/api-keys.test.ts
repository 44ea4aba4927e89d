import { describe, expect, it, onTestFinished } from 'vitest';
import { idOfApiKey, newApiKeyText } from '../../src/commands/api-key-text.ts';
import { createApiKey, loadApiKey, recordApiKeyUse, revokeApiKey } from '../../src/commands/api-keys.ts';
import { createApiKeyCheck } from '../../src/http/auth/api-key-check.ts';
import { createPrincipals, type Principals } from '../../src/http/auth/principals.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import { registerUser, setRoles } from '../../src/commands/users.ts';
import { until } from '../http/support/until.ts';
import { newCommand, openCommandSide, refusal, type CommandSide } from './harness.ts';
import { silent } from '../support/silent-logger.ts';

const caller = { correlationId: 'c', remoteAddress: '127.0.0.1' };
const content = { name: 'nightly', scopes: ['mcp:read'], expiresAt: null, addresses: [] };

async function operator(side: CommandSide): Promise<string> {
  const command = newCommand();
  const person = { username: 'ada', email: 'ada@example.org', password: 'a long password' };
  await registerUser(side.deps, command, person, ['operator']);
  return command.commandId;
}

const as = (userId: string) => {
  const principal = { actor: `user:${userId}`, userId, tenant: 'default', roles: ['operator'], sessionId: 's' };
  return newCommand({ principal });
};

/** What checks keys in a process of its own. */
async function node(side: CommandSide) {
  const deps = side.elsewhere();
  const coordination = createMemoryCoordination({ logger: silent });
  const { channels } = coordination;
  const principals = await createPrincipals(deps, { channels, accessTokenTtlMs: 60_000, logger: silent });
  const keys = createApiKeyCheck(deps, principals, silent);
  onTestFinished(async () => {
    await keys.close();
    await principals.close();
    await coordination.close();
  });
  return { check: async (text: string) => keys.check(text, caller), close: keys.close };
}

describe('the text of a key', () => {
  it('holds its id, whatever the id is', () => {
    for (const id of [
      '01936f2a-7c11-7000-8000-0000000000ff',
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ]) {
      const text = newApiKeyText(id);
      expect(text).toHaveLength(79);
      expect(idOfApiKey(text)).toBe(id);
      expect(newApiKeyText(id)).not.toBe(text);
    }
  });

  it('is known to be wrong without asking anybody', async () => {
    const side = await openCommandSide();
    const nobody: Principals = {
      of: () => expect.fail('asked'),
      ofKey: () => expect.fail('asked'),
      ofGrant: () => expect.fail('asked'),
      ofIdentity: () => expect.fail('asked'),
      caughtUp: () => expect.fail('asked'),
      close: () => Promise.resolve(),
    };
    const text = newApiKeyText('01936f2a-7c11-7000-8000-0000000000ff');
    const wrong = text.slice(0, 40) + (text[40] === 'a' ? 'b' : 'a') + text.slice(41);
    const check = createApiKeyCheck(side.deps, nobody, silent);
    for (const one of [wrong, 'annals_', `annals_${'z'.repeat(22)}_${'z'.repeat(49)}`]) {
      expect(() => check.check(one, caller)).toThrow('this is not an API key');
    }
  });
});

describe('a key', () => {
  it('is dead on every node within a second of its end', async () => {
    const side = await openCommandSide();
    const userId = await operator(side);
    const [one, other] = [await node(side), await node(side)];
    const { id, key } = await createApiKey(side.deps, as(userId), content);
    for (const { check } of [one, other])
      expect(await check(key)).toMatchObject({ principal: { userId, scopes: ['mcp:read'] } });
    await revokeApiKey(side.deps, as(userId), id);
    for (const { check } of [one, other]) {
      await until(
        () =>
          check(key).then(
            () => false,
            () => true,
          ),
        'the key is refused',
        1000,
      );
    }
  });

  it('follows the roles of its owner on every node', async () => {
    const side = await openCommandSide();
    const userId = await operator(side);
    const { check } = await node(side);
    const { key } = await createApiKey(side.deps, as(userId), content);
    expect((await check(key)).principal.permissions).toContain('mcp:read');
    await setRoles(side.deps, newCommand(), userId, []);
    await until(async () => (await check(key)).principal.permissions?.length === 0, 'the roles count');
  });

  it('is refused when another secret stands in it, though its checksum is right', async () => {
    const side = await openCommandSide();
    const userId = await operator(side);
    const { check } = await node(side);
    const { id } = await createApiKey(side.deps, as(userId), content);
    await expect(check(newApiKeyText(id))).rejects.toThrow('the API key is not valid');
  });

  it('has its use recorded once a minute, on however many nodes', async () => {
    const side = await openCommandSide();
    const userId = await operator(side);
    const nodes = [await node(side), await node(side)];
    const { id, key } = await createApiKey(side.deps, as(userId), content);
    const uses = async () => (await side.log()).filter(({ type }) => type === 'ApiKeyUsed').length;
    for (const [minute, afterMs] of [0, 59_999, 1, 60_000].entries()) {
      side.time.now += afterMs;
      for (const { check, close } of nodes) {
        for (let use = 0; use < 10; use++) await check(key);
        await close();
      }
      expect(await uses()).toBe([1, 1, 2, 3][minute]);
    }
    const state = await loadApiKey(side.deps, id);
    expect(state).toMatchObject({ lastUsedAt: new Date(side.time.now).toISOString() });
    await revokeApiKey(side.deps, as(userId), id);
    side.time.now += 60_000;
    await recordApiKeyUse(side.deps, as(userId), id, undefined);
    expect(await uses()).toBe(3);
  });

  it('gets no scope that its owner lacks, and none that is none', async () => {
    const side = await openCommandSide();
    const userId = await operator(side);
    const make = (scopes: readonly string[]) => createApiKey(side.deps, as(userId), { ...content, scopes });
    await refusal(make(['mcp:read', 'user:manage']), 'forbidden', 'permissions_exceeded');
    const { faults } = await refusal(make(['mcp:read', 'mcp:x:y']), 'invalid', 'invalid_permission');
    expect(faults).toMatchObject([{ pointer: '/scopes/1' }]);
    const { id } = await make(['mcp:GitHub:call:create_*', 'mcp:github:call:create_*', 'mcp:*:read']);
    expect(await loadApiKey(side.deps, id)).toMatchObject({ scopes: ['mcp:github:call:create_*', 'mcp:*:read'] });
  });
});
