import { expect, test } from 'vitest';
import { createAuthenticator } from '../../src/http/auth/authenticator.ts';
import type { Principal } from '../../src/domain/access/principal.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';

const principal: Principal = {
  actor: 'user:u1',
  userId: 'u1',
  tenant: 'default',
  roles: [],
  permissions: [],
  sessionId: 's1',
};
const claims = { userId: 'u1', sessionId: 's1', expiresAt: Infinity };
const caller = { correlationId: 'c1', remoteAddress: undefined };

test('a log that cannot be read when a known token comes is told to its request alone', async () => {
  const answers = [() => Promise.resolve(principal), () => Promise.reject(new StoreUnavailable('the log is away'))];
  let asked = 0;
  const authenticator = createAuthenticator(
    async () => claims,
    { check: () => Promise.reject(new Error('no key')), renew: async () => undefined, close: async () => undefined },
    {
      of: () => answers[asked++]?.(),
      ofKey: () => undefined,
      ofGrant: () => undefined,
      ofIdentity: () => undefined,
      caughtUp: async () => undefined,
      close: async () => undefined,
    },
    { used: () => undefined, close: async () => undefined },
    Date.now,
  );
  expect(await authenticator.credentialOf('token', caller)).toEqual({ principal, claims });
  // Nobody else is left with the failure: one without an owner would end the process, and this run.
  await expect(authenticator.credentialOf('token', caller)).rejects.toThrow('the log is away');
  expect(asked).toBe(2);
});
