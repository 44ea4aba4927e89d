import { timingSafeEqual } from 'node:crypto';
import { apiKeyDecider, type ApiKeyContent, type ApiKeyState } from '../domain/access/api-key.ts';
import { parsePermissions } from '../domain/access/permission-list.ts';
import { DomainError } from '../domain/error.ts';
import type { Position, Revision } from '../ports/event-store.ts';
import { newApiKeyText } from './api-key-text.ts';
import type { CommandContext } from './context.ts';
import { demand } from './denials.ts';
import type { CommandDeps } from './deps.ts';
import { demandAll } from './escalation.ts';
import { load } from './load.ts';
import { handle } from './transaction.ts';

export { useRecordedEveryMs } from '../domain/access/use-record.ts';

/** A key that was just made. Nobody sees it again. */
export interface CreatedApiKey {
  readonly id: string;
  readonly key: string;
  readonly revision: Revision;
  readonly position: Position;
}

/**
 * Makes a key for the user who asks, with no scope that he lacks; its id is the command's.
 * @throws DomainError `user_not_found`, `invalid_permission`, `permissions_exceeded`, `api_key_exists` it was shown before
 */
export async function createApiKey(
  deps: CommandDeps,
  context: CommandContext,
  content: Omit<ApiKeyContent, 'userId'>,
): Promise<CreatedApiKey> {
  const { userId } = context.principal;
  if (userId === null) throw new DomainError('not_found', 'user_not_found', 'this credential belongs to no user');
  const id = context.commandId;
  const scopes = parsePermissions(content.scopes, '/scopes');
  await demandAll(deps, context, scopes, 'self:manage', `apiKey-${id}`);
  const key = newApiKeyText(id);
  const command = {
    type: 'CreateApiKey',
    ...content,
    userId,
    scopes,
    secretHash: hashOfApiKey(deps, key),
    now: new Date(deps.clock()).toISOString(),
  } as const;
  const { revision, position, replayed } = await handle(deps, context, apiKeyDecider, id, command, { fresh: true });
  if (replayed) throw new DomainError('conflict', 'api_key_exists', 'this key was shown before');
  return { id, key, revision, position };
}

/**
 * Revokes a key. Somebody else's is for those who manage keys, and to others as if it did not exist.
 * @throws DomainError `api_key_not_found`
 */
export async function revokeApiKey(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  const key = await loadApiKey(deps, id);
  const unknown = new DomainError('not_found', 'api_key_not_found', 'no such API key');
  if (key.status === 'none') throw unknown;
  if (key.userId !== context.principal.userId) {
    await demand(deps, context, 'api-key:manage', `apiKey-${id}`, undefined, unknown);
  }
  return endApiKey(deps, context, id);
}

/** Revokes a key, whoever asks: for one who was found to act for its owner. @returns position of its last event */
export async function endApiKey(deps: CommandDeps, context: CommandContext, id: string): Promise<Position> {
  return (await handle(deps, context, apiKeyDecider, id, { type: 'RevokeApiKey' }, { conditional: true })).position;
}

/** Records that a key was used, unless that was recorded less than a minute ago. */
export async function recordApiKeyUse(
  deps: CommandDeps,
  context: CommandContext,
  id: string,
  address: string | undefined,
): Promise<void> {
  const usedAt = new Date(deps.clock()).toISOString();
  await handle(deps, context, apiKeyDecider, id, { type: 'RecordUse', usedAt, address: address ?? null });
}

/** The key as of its last event; `none` when there is no such key. */
export async function loadApiKey(deps: CommandDeps, id: string): Promise<ApiKeyState> {
  return (await load(deps.store, deps.aggregates, apiKeyDecider, `apiKey-${id}`)).state;
}

/** Whether a text is the key that a hash is of; takes as long whether it is or not. */
export function isApiKey(deps: CommandDeps, text: string, secretHash: string): boolean {
  const [given, expected] = [Buffer.from(hashOfApiKey(deps, text)), Buffer.from(secretHash)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** HMAC-SHA-256 under a key of the platform: all that is kept of a key. */
function hashOfApiKey(deps: CommandDeps, text: string): string {
  return deps.keyedHash(`api-key:${text}`);
}
