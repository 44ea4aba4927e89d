import { isRecordedAlready } from '../access/use-record.ts';
import type { Decider } from '../decider.ts';
import type { DomainEvent } from '../event.ts';

export interface OAuthGrantContent {
  readonly userId: string;
  /** Id of a registered client, or the URL of its metadata document. */
  readonly clientId: string;
  /** What the user saw the client called; absent in grants of before it was kept. */
  readonly clientName?: string;
  /** What the user agreed to: resource -> scopes, separated by spaces. */
  readonly resources: Readonly<Record<string, string>>;
  /** What the user was asked for and did not agree to, in the same form. */
  readonly rejected: Readonly<Record<string, string>>;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

export type OAuthGrantEvent =
  | DomainEvent<'OAuthGrantGiven', OAuthGrantContent>
  | DomainEvent<'OAuthGrantChanged', OAuthGrantContent>
  /** At most one a minute for each grant. */
  | DomainEvent<'OAuthGrantUsed', { readonly userId: string; readonly usedAt: string; readonly address: string | null }>
  | DomainEvent<'OAuthGrantRevoked', { readonly userId: string; readonly clientId: string }>;

export type OAuthGrantState =
  | { readonly status: 'none' }
  | (OAuthGrantContent & { readonly status: 'active'; readonly lastUsedAt: string | null })
  | { readonly status: 'revoked'; readonly userId: string; readonly clientId: string };

export type OAuthGrantCommand =
  | ({ readonly type: 'GiveOAuthGrant' } & OAuthGrantContent)
  | { readonly type: 'RecordUse'; readonly usedAt: string; readonly address: string | null }
  | { readonly type: 'RevokeOAuthGrant' };

/**
 * What a person let a client do. Every code and token that grew from it is good only while it stands; a revoked grant
 * never comes back.
 */
export const oauthGrantDecider: Decider<OAuthGrantState, OAuthGrantCommand, OAuthGrantEvent> = {
  category: 'oauthGrant',
  initialState: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'OAuthGrantGiven':
      case 'OAuthGrantChanged':
        return { status: 'active', lastUsedAt: state.status === 'active' ? state.lastUsedAt : null, ...event.data };
      case 'OAuthGrantUsed':
        return state.status === 'active' ? { ...state, lastUsedAt: event.data.usedAt } : state;
      case 'OAuthGrantRevoked':
        return { status: 'revoked', ...event.data };
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'RevokeOAuthGrant') {
      if (state.status !== 'active') return [];
      return [{ type: 'OAuthGrantRevoked', data: { userId: state.userId, clientId: state.clientId } }];
    }
    if (command.type === 'RecordUse') {
      if (state.status !== 'active') return [];
      const { usedAt, address } = command;
      const { lastUsedAt, userId } = state;
      return isRecordedAlready(lastUsedAt, usedAt)
        ? []
        : [{ type: 'OAuthGrantUsed', data: { userId, usedAt, address } }];
    }
    if (state.status === 'revoked') return [];
    const data = contentOf(command);
    if (state.status === 'none') return [{ type: 'OAuthGrantGiven', data }];
    const before = contentOf(state);
    return JSON.stringify(before) === JSON.stringify(data) ? [] : [{ type: 'OAuthGrantChanged', data }];
  },
};

function contentOf(content: OAuthGrantContent): OAuthGrantContent {
  const { userId, clientId, clientName, resources, rejected, expiresAt } = content;
  return { userId, clientId, ...(clientName === undefined ? {} : { clientName }), resources, rejected, expiresAt };
}
