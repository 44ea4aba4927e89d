import { AsyncLocalStorage } from 'node:async_hooks';
import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from 'oidc-provider';
import { v7 as uuidv7 } from 'uuid';
import type { CommandContext } from '../../commands/context.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import {
  giveOAuthGrant,
  keepOAuthClient,
  loadOAuthClient,
  loadOAuthGrant,
  loadOAuthToken,
  recordOAuthToken,
  registerOAuthClient,
  revokeOAuthGrant,
  useOAuthToken,
} from '../../commands/oauth.ts';
import type { OAuthTokenContent } from '../../domain/oauth/token.ts';
import { DomainError } from '../../domain/error.ts';
import type { SharedCache } from '../../ports/coordination.ts';
import { anonymous } from '../auth/anonymous.ts';
import type { ClientLimits } from './client-limits.ts';
import { signInEpoch } from './sign-ins.ts';
import type { RequestContext } from '../route/request-context.ts';

/** The request that the authorization server is answering, for what it writes to the log. */
export const serving = new AsyncLocalStorage<RequestContext>();

interface AdapterDeps {
  readonly commands: CommandDeps;
  readonly cache: SharedCache;
  readonly clients: ClientLimits;
}

/**
 * Where the authorization server keeps things. What has to be right lies in the log: clients, grants, and that each code
 * and refresh token is good once, whatever process it comes to. What a person who is signing in goes through lies in the
 * cache that processes share: when it is lost, he begins again, and strangers cannot make the log grow by looking at the
 * login page.
 */
export function createOAuthAdapter(deps: AdapterDeps): AdapterFactory {
  return (name) => {
    switch (name) {
      case 'Client':
        return { ...refusing(name), ...registered(deps) };
      case 'Grant':
        return { ...refusing(name), ...grants(deps) };
      case 'AuthorizationCode':
      case 'RefreshToken':
        return { ...refusing(name), ...tokens(deps, name) };
      case 'Session':
      case 'Interaction':
        return { ...refusing(name), ...passing(deps, name) };
      case 'AccessToken':
        // They are signed and not kept. What ends a grant ends them.
        return { ...refusing(name), find: () => Promise.resolve(undefined), revokeByGrantId: () => Promise.resolve() };
      default:
        return refusing(name);
    }
  };
}

function registered({ commands, clients }: AdapterDeps): Partial<Adapter> {
  return {
    upsert: (id, payload) => registerOAuthClient(commands, by(null), id, payload, clients.unusedForMs),
    find: async (id) => (isUuid(id) ? await loadOAuthClient(commands, id) : undefined),
  };
}

function grants({ commands }: AdapterDeps): Partial<Adapter> {
  const find: Adapter['find'] = async (id) => {
    const grant = await loadOAuthGrant(commands, id);
    if (grant.status !== 'active') return undefined;
    const { userId: accountId, clientId, resources, rejected, expiresAt } = grant;
    const exp = Date.parse(expiresAt) / 1000;
    return { jti: id, kind: 'Grant', accountId, clientId, exp, iat: 0, resources, rejected: { resources: rejected } };
  };
  return {
    find,
    async upsert(id, { accountId, clientId, resources, rejected, exp }) {
      const userId = named(accountId);
      const owner = { userId, clientId: named(clientId) };
      if (isUuid(owner.clientId)) await keepOAuthClient(commands, by(owner), owner.clientId, userId);
      await giveOAuthGrant(commands, by(owner), id, {
        userId,
        clientId: named(clientId),
        clientName: await nameOfClient(commands, named(clientId)),
        resources: scopesOf(resources),
        rejected: scopesOf((rejected as { readonly resources?: unknown } | undefined)?.resources),
        expiresAt: new Date((exp ?? 0) * 1000).toISOString(),
      });
    },
    destroy: (id) => revoke(commands, id),
  };
}

function tokens({ commands }: AdapterDeps, kind: OAuthTokenContent['kind']): Partial<Adapter> {
  const find: Adapter['find'] = async (token) => {
    const state = await loadOAuthToken(commands, token);
    if (state.status !== 'issued' || state.kind !== kind) return undefined;
    const { content, usedAt } = state;
    const consumed = usedAt === null ? {} : { consumed: Math.floor(Date.parse(usedAt) / 1000) };
    return { ...content, jti: token, ...consumed };
  };
  return {
    find,
    async upsert(token, { jti: _, ...content }) {
      const [userId, clientId, grantId] = [content.accountId, content.clientId, content.grantId].map(named);
      if (!userId || !clientId || !grantId) throw new Error(`${kind} without an owner`);
      await recordOAuthToken(commands, by({ userId, clientId }), token, { kind, grantId, userId, clientId, content });
    },
    async consume(token) {
      const state = await loadOAuthToken(commands, token);
      try {
        await useOAuthToken(commands, by(state.status === 'issued' ? state : null), token);
      } catch (error) {
        // Another process was faster: one of the two holds a copy.
        if (!(error instanceof DomainError) || error.code !== 'oauth_token_used') throw error;
        if (state.status === 'issued') await revoke(commands, state.grantId);
        throw new errors.InvalidGrant('it was used already');
      }
    },
    // A used token stays on the record: it is by that that a copy is known.
    destroy: () => Promise.resolve(),
    revokeByGrantId: (grantId) => revoke(commands, grantId),
  };
}

/** Of a sign-in under way. Keys are hashed: who reads the cache does not get the cookies. */
function passing({ commands, cache }: AdapterDeps, name: string): Partial<Adapter> {
  const keyOf = (kind: string, id: string): string => `oauth:${commands.keyedHash(`oauth-${kind}:${id}`)}`;
  const find: Adapter['find'] = async (id) => {
    const text = await cache.get(keyOf(name, id));
    if (text === undefined) return undefined;
    const payload = JSON.parse(text) as AdapterPayload;
    if (name === 'Session' && !(await goesOn(payload))) return undefined;
    return { ...payload, jti: id };
  };
  /** What a user ended everywhere has ended here, too. */
  const goesOn = async ({ accountId, acr }: AdapterPayload): Promise<boolean> =>
    accountId === undefined || acr === (await signInEpoch({ commands, cache }, accountId));
  const keep = async (key: string, text: string, expiresIn: number): Promise<void> => {
    if (!(await cache.set(key, text, expiresIn * 1000))) throw new errors.TemporarilyUnavailable('try again later');
  };
  return {
    find,
    findByUid: async (uid) => {
      const id = await cache.get(keyOf('uid', uid));
      return id === undefined ? undefined : find(id);
    },
    async upsert(id, { jti: _, ...payload }, expiresIn = 600) {
      await keep(keyOf(name, id), JSON.stringify(payload), expiresIn);
      if (name === 'Session' && payload.uid !== undefined) await keep(keyOf('uid', payload.uid), id, expiresIn);
    },
    destroy: async (id) => {
      await cache.delete(keyOf(name, id));
    },
  };
}

/** What no one has asked for is not quietly kept nowhere. */
function refusing(name: string): Adapter {
  const refuse = () => Promise.reject(new Error(`${name} is not kept here`));
  return {
    upsert: refuse,
    find: refuse,
    findByUid: refuse,
    findByUserCode: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
  };
}

async function revoke(commands: CommandDeps, grantId: string): Promise<void> {
  const grant = await loadOAuthGrant(commands, grantId);
  if (grant.status === 'active') await revokeOAuthGrant(commands, by(grant), grantId);
}

/** As the page for consent calls it: one that has a metadata document, by who publishes it. */
async function nameOfClient(commands: CommandDeps, clientId: string): Promise<string> {
  if (URL.canParse(clientId)) return new URL(clientId).host;
  const { client_name: name } = (await loadOAuthClient(commands, clientId)) ?? {};
  return typeof name === 'string' && name !== '' ? name : clientId;
}

/** A command of its own in the name of a client's user; of nobody when a client registers. */
function by(owner: { readonly userId: string; readonly clientId: string } | null): CommandContext {
  const context = serving.getStore();
  if (!context) throw new Error('the authorization server writes while it answers');
  const via = owner && `oauth-client:${owner.clientId}`;
  const principal = owner
    ? { ...anonymous, actor: `user:${owner.userId}`, userId: owner.userId, ...(via ? { via } : {}) }
    : anonymous;
  return { ...context.command(), principal, commandId: uuidv7() };
}

function named(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Error('a name is missing');
  return value;
}

function scopesOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
