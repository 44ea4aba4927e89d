import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';
import { parsePermissions } from './permission-list.ts';
import { isRecordedAlready } from './use-record.ts';

export interface ApiKeyContent {
  /** Whose it is: the key can do nothing that he cannot. */
  readonly userId: string;
  readonly name: string;
  /** Permissions. */
  readonly scopes: readonly string[];
  /** RFC 3339, UTC; null: it does not end by itself. */
  readonly expiresAt: string | null;
  /** CIDR blocks that it may be used from; none: from anywhere. */
  readonly addresses: readonly string[];
}

export type ApiKeyEvent =
  | DomainEvent<'ApiKeyCreated', ApiKeyContent & { readonly secretHash: string }>
  /** At most one a minute for each key. */
  | DomainEvent<'ApiKeyUsed', { readonly userId: string; readonly usedAt: string; readonly address: string | null }>
  | DomainEvent<'ApiKeyRevoked', { readonly userId: string }>;

export type ApiKeyState =
  | { readonly status: 'none' }
  | (ApiKeyContent & {
      readonly status: 'active' | 'revoked';
      readonly secretHash: string;
      readonly lastUsedAt: string | null;
    });

export type ApiKeyCommand =
  | ({ readonly type: 'CreateApiKey'; readonly secretHash: string; readonly now: string } & ApiKeyContent)
  | { readonly type: 'RecordUse'; readonly usedAt: string; readonly address: string | null }
  | { readonly type: 'RevokeApiKey' };

/** A credential for programs, from when it is made to when it is revoked. */
export const apiKeyDecider: Decider<ApiKeyState, ApiKeyCommand, ApiKeyEvent> = {
  category: 'apiKey',
  initialState: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'ApiKeyCreated') return { status: 'active', lastUsedAt: null, ...event.data };
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'ApiKeyUsed':
        return { ...state, lastUsedAt: event.data.usedAt };
      case 'ApiKeyRevoked':
        return { ...state, status: 'revoked' };
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'CreateApiKey') {
      const { userId, name, expiresAt, addresses, secretHash, now } = command;
      if (state.status !== 'none') throw new DomainError('conflict', 'api_key_exists', 'this key was shown before');
      if (expiresAt !== null && expiresAt <= now) {
        const faults = [{ pointer: '/expiresAt', detail: 'must be in the future' }];
        throw new DomainError('invalid', 'invalid_input', 'the key would have ended before it began', faults);
      }
      const scopes = parsePermissions(command.scopes, '/scopes');
      return [{ type: 'ApiKeyCreated', data: { userId, name, scopes, expiresAt, addresses, secretHash } }];
    }
    if (state.status === 'none') throw new DomainError('not_found', 'api_key_not_found', 'no such API key');
    const { userId, status, lastUsedAt } = state;
    if (command.type === 'RevokeApiKey') {
      return status === 'revoked' ? [] : [{ type: 'ApiKeyRevoked', data: { userId } }];
    }
    const { usedAt, address } = command;
    const again = isRecordedAlready(lastUsedAt, usedAt);
    return status === 'revoked' || again ? [] : [{ type: 'ApiKeyUsed', data: { userId, usedAt, address } }];
  },
};
