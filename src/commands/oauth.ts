import { createHash } from 'node:crypto';
import { DomainError } from '../domain/error.ts';
import { parsePermission } from '../domain/access/permission-grammar.ts';
import { oauthClientDecider, type OAuthClientMetadata } from '../domain/oauth/client.ts';
import { oauthGrantDecider, type OAuthGrantContent, type OAuthGrantState } from '../domain/oauth/grant.ts';
import { oauthTokenDecider, type OAuthTokenContent, type OAuthTokenState } from '../domain/oauth/token.ts';
import type { Position } from '../ports/event-store.ts';
import type { CommandContext } from './context.ts';
import { demand } from './denials.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';
import { handle } from './transaction.ts';

/**
 * Records a client that registered itself.
 * @param unusedForMs how long it stays when nobody lets it in
 */
export async function registerOAuthClient(
  deps: CommandDeps,
  context: CommandContext,
  clientId: string,
  metadata: OAuthClientMetadata,
  unusedForMs: number,
): Promise<void> {
  const unusedUntil = new Date(deps.clock() + unusedForMs).toISOString();
  await handle(deps, context, oauthClientDecider, clientId, { type: 'RegisterOAuthClient', metadata, unusedUntil });
}

/** Records that somebody lets a client in: from the first time on, it stays. */
export async function keepOAuthClient(
  deps: CommandDeps,
  context: CommandContext,
  clientId: string,
  userId: string,
): Promise<void> {
  await handle(deps, context, oauthClientDecider, clientId, { type: 'RecordFirstUse', userId });
}

/** Undefined when no such client has registered, or nobody has let it in for too long. */
export async function loadOAuthClient(deps: CommandDeps, clientId: string): Promise<OAuthClientMetadata | undefined> {
  const { state } = await load(deps.store, deps.aggregates, oauthClientDecider, `oauthClient-${clientId}`);
  if (state.status === 'none') return undefined;
  const { metadata, unusedUntil } = state;
  return unusedUntil !== null && Date.parse(unusedUntil) <= deps.clock() ? undefined : metadata;
}

/** Records what a user lets a client do. A grant that was revoked stays so. */
export async function giveOAuthGrant(
  deps: CommandDeps,
  context: CommandContext,
  id: string,
  content: OAuthGrantContent,
): Promise<void> {
  await handle(deps, context, oauthGrantDecider, id, { type: 'GiveOAuthGrant', ...content });
}

/** Ends a grant and all that grew from it. @returns position of the last event of the grant */
export async function revokeOAuthGrant(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  const revoke = { type: 'RevokeOAuthGrant' } as const;
  return (await handle(deps, context, oauthGrantDecider, id, revoke, { conditional: true })).position;
}

/**
 * Ends a grant for who asks. Somebody else's is for those who manage grants, and to others as if it did not exist.
 * @returns position of the last event of the grant
 * @throws DomainError `oauth_grant_not_found`
 */
export async function takeBackOAuthGrant(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  const grant = await loadOAuthGrant(deps, id);
  const unknown = new DomainError('not_found', 'oauth_grant_not_found', 'no such grant');
  if (grant.status === 'none') throw unknown;
  if (grant.userId !== context.principal.userId) {
    await demand(deps, context, 'oauth-grant:manage', `oauthGrant-${id}`, undefined, unknown);
  }
  return revokeOAuthGrant(deps, context, id);
}

/** Records that a token of a grant was used, unless that was recorded less than a minute ago. */
export async function recordOAuthGrantUse(
  deps: CommandDeps,
  context: CommandContext,
  id: string,
  address: string | undefined,
): Promise<void> {
  const usedAt = new Date(deps.clock()).toISOString();
  await handle(deps, context, oauthGrantDecider, id, { type: 'RecordUse', usedAt, address: address ?? null });
}

/** The grant as of its last event; `none` when there is no such grant. */
export async function loadOAuthGrant(deps: CommandDeps, id: string): Promise<OAuthGrantState> {
  return (await load(deps.store, deps.aggregates, oauthGrantDecider, `oauthGrant-${id}`)).state;
}

/** Records that a code or a refresh token was issued. The log knows it by its hash. */
export async function recordOAuthToken(
  deps: CommandDeps,
  context: CommandContext,
  token: string,
  content: OAuthTokenContent,
): Promise<void> {
  const issue = { type: 'IssueOAuthToken', ...content } as const;
  await handle(deps, context, oauthTokenDecider, hashOf(token), issue, { fresh: true });
}

/** Uses a code or a refresh token up. @throws DomainError `oauth_token_used` */
export async function useOAuthToken(deps: CommandDeps, context: CommandContext, token: string): Promise<void> {
  const now = new Date(deps.clock()).toISOString();
  await handle(deps, context, oauthTokenDecider, hashOf(token), { type: 'UseOAuthToken', now });
}

/** The code or refresh token as of its last event; `none` when there is no such token. */
export async function loadOAuthToken(deps: CommandDeps, token: string): Promise<OAuthTokenState> {
  return (await load(deps.store, deps.aggregates, oauthTokenDecider, `oauthToken-${hashOf(token)}`)).state;
}

/** The tokens are random and long: a plain hash tells nothing of them. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Whether a text is a scope: a permission as roles and API keys have them. */
export function isScope(text: string): boolean {
  return typeof parsePermission(text) !== 'string';
}
