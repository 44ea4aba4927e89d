import { LRUCache } from 'lru-cache';
import type { CommandDeps } from '../../commands/deps.ts';
import { loadOAuthGrant } from '../../commands/oauth.ts';
import { permissionsGrantedBy } from '../../commands/roles.ts';
import { loadSession } from '../../commands/sessions.ts';
import { findUser } from '../../commands/users.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Channels } from '../../ports/coordination.ts';
import type { Position, RecordedEvent } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ExternalClaims } from './access-tokens.ts';
import { followLog } from './follow-log.ts';
import { readApiKey, type KnownApiKey } from './known-api-key.ts';
import { listenForRevocations } from './revocations.ts';
import { localPrincipal, localSession, localUser } from './local-token.ts';

/** Who credentials stand for, now: changed roles, ended sessions and revoked keys count with the next request. */
export interface Principals {
  /** Undefined when the session has ended or never was. */
  readonly of: (sessionId: string, userId: string) => Principal | undefined | Promise<Principal | undefined>;
  /** Undefined when the key was revoked or never was. */
  readonly ofKey: (keyId: string) => KnownApiKey | undefined | Promise<KnownApiKey | undefined>;
  /** The user who let a client do something, without what limits it; undefined when that was taken back. */
  readonly ofGrant: (grantId: string, userId: string) => Principal | undefined | Promise<Principal | undefined>;
  /** The user of a token from elsewhere, without what limits it; undefined when he is not who its issuer says. */
  readonly ofIdentity: (token: IdentityToken) => Principal | undefined | Promise<Principal | undefined>;
  /** Answers when every event up to this position counts. */
  readonly caughtUp: (position: Position) => Promise<void>;
  readonly close: () => Promise<void>;
}

type IdentityToken = Pick<ExternalClaims, 'userId' | 'issuer' | 'subject' | 'clientId'>;

/** What changes who credentials stand for. */
const types = [
  'SessionEnded',
  'UserRolesChanged',
  'UserErasureBegan',
  'ApiKeyRevoked',
  'OAuthGrantRevoked',
  'RoleDefined',
  'RoleChanged',
  'RoleRemoved',
];

export interface PrincipalsOptions {
  readonly channels: Channels;
  readonly accessTokenTtlMs: number;
  readonly logger: Logger;
  /** Sessions remembered at most, and keys. */
  readonly capacity?: number;
}

/** How far the clocks of two processes may be apart, in milliseconds. */
const skewMs = 60_000;

/**
 * Sessions, keys, users and roles are folded from the log when they are first met, and forgotten when an event changes
 * them, or the process that ended them says so.
 */
export async function createPrincipals(deps: CommandDeps, options: PrincipalsOptions): Promise<Principals> {
  const { channels, accessTokenTtlMs, logger, capacity = 10_000 } = options;
  const known = new LRUCache<string, Principal>({ max: capacity });
  const knownKeys = new LRUCache<string, KnownApiKey>({ max: capacity });
  const knownGrants = new LRUCache<string, Principal>({ max: capacity });
  const knownIdentities = new LRUCache<string, Principal>({ max: capacity });
  /** Rises with each change, so that what was read before a change is not kept after it. */
  let changes = 0;

  const forgetAll = (): void => {
    known.clear();
    knownKeys.clear();
    knownGrants.clear();
    knownIdentities.clear();
  };
  const take = ({ type, stream }: RecordedEvent): void => {
    changes++;
    const id = stream.slice(stream.indexOf('-') + 1);
    if (type === 'SessionEnded') known.delete(id);
    else if (type === 'ApiKeyRevoked') knownKeys.delete(id);
    else if (type === 'OAuthGrantRevoked') knownGrants.delete(id);
    else if (type === 'UserRolesChanged' || type === 'UserErasureBegan') {
      for (const [grantId, { userId }] of [...knownGrants]) if (userId === id) knownGrants.delete(grantId);
      for (const [key, { userId }] of [...knownIdentities]) if (userId === id) knownIdentities.delete(key);
      for (const [sessionId, { userId }] of [...known]) if (userId === id) known.delete(sessionId);
      for (const [keyId, { principal }] of [...knownKeys]) if (principal.userId === id) knownKeys.delete(keyId);
    } else forgetAll();
  };
  const follower = await followLog({
    store: deps.store,
    types,
    take,
    // Until the log can be followed again nothing that was read before is trusted.
    lost: () => {
      changes++;
      forgetAll();
    },
    logger,
  });
  const revocations = await listenForRevocations(channels, {
    keptMs: accessTokenTtlMs + skewMs,
    ended: (id) => {
      changes++;
      known.delete(id);
      knownKeys.delete(id);
      knownGrants.delete(id);
    },
    missed: () => {
      changes++;
      forgetAll();
    },
  });
  /** Remembers what was read unless something has changed since. */
  const keep = (before: number, remember: () => void): void => {
    if (before === changes && follower.following()) remember();
  };

  /** Undefined of a user who is erased, or is being: whatever stands for him is over, wherever it was missed. */
  const userAs = async (userId: string, sessionId: string | null): Promise<Principal | undefined> => {
    const user = await findUser(deps, userId);
    if (!user || user.erasing) return undefined;
    const { roles } = user;
    const permissions = await permissionsGrantedBy(deps, roles);
    return { actor: `user:${userId}`, userId, tenant: 'default', roles, permissions, sessionId };
  };
  const read = async (sessionId: string, userId: string): Promise<Principal | undefined> => {
    const before = changes;
    const session = await loadSession(deps, sessionId);
    if (session.status !== 'open' || session.userId !== userId) return undefined;
    const principal = await userAs(userId, sessionId);
    if (principal) keep(before, () => known.set(sessionId, principal));
    return principal;
  };
  const readKey = async (keyId: string): Promise<KnownApiKey | undefined> => {
    const before = changes;
    const key = await readApiKey(deps, keyId, (userId) => userAs(userId, null));
    if (key) keep(before, () => knownKeys.set(keyId, key));
    return key;
  };
  const readGrant = async (grantId: string, userId: string): Promise<Principal | undefined> => {
    const before = changes;
    const grant = await loadOAuthGrant(deps, grantId);
    if (grant.status !== 'active' || grant.userId !== userId) return undefined;
    const user = await userAs(userId, null);
    if (!user) return undefined;
    const principal = { ...user, via: `oauth-client:${grant.clientId}` };
    keep(before, () => knownGrants.set(grantId, principal));
    return principal;
  };
  const readIdentity = async (key: string, token: IdentityToken): Promise<Principal | undefined> => {
    const before = changes;
    const identities = (await findUser(deps, token.userId))?.identities ?? [];
    const isLinked = identities.some(({ issuer, subject }) => issuer === token.issuer && subject === token.subject);
    const user = isLinked ? await userAs(token.userId, null) : undefined;
    if (!user) return undefined;
    const principal = { ...user, via: `oauth-client:${token.clientId}` };
    keep(before, () => knownIdentities.set(key, principal));
    return principal;
  };

  return {
    of: (sessionId, userId) => {
      if (sessionId === localSession) return userId === localUser ? localPrincipal : undefined;
      if (revocations.has(sessionId)) return undefined;
      const principal = known.get(sessionId);
      return principal?.userId === userId ? principal : read(sessionId, userId);
    },
    ofKey: (keyId) => (revocations.has(keyId) ? undefined : (knownKeys.get(keyId) ?? readKey(keyId))),
    ofGrant: (grantId, userId) => {
      if (revocations.has(grantId)) return undefined;
      const principal = knownGrants.get(grantId);
      return principal?.userId === userId ? principal : readGrant(grantId, userId);
    },
    ofIdentity: (token) => {
      const { issuer, subject, userId, clientId } = token;
      const key = JSON.stringify([issuer, subject, userId, clientId]);
      return knownIdentities.get(key) ?? readIdentity(key, token);
    },
    caughtUp: follower.caughtUp,
    close: () => {
      revocations.close();
      return follower.close();
    },
  };
}
