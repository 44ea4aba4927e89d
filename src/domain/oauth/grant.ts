import type { Decider } from '../decider.ts';
import type { DomainEvent } from '../event.ts';

export interface OAuthGrantContent {
  readonly userId: string;
  /** Id of a registered client, or the URL of its metadata document. */
  readonly clientId: string;
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
  | DomainEvent<'OAuthGrantRevoked', { readonly userId: string; readonly clientId: string }>;

export type OAuthGrantState =
  | { readonly status: 'none' }
  | (OAuthGrantContent & { readonly status: 'active' })
  | { readonly status: 'revoked'; readonly userId: string; readonly clientId: string };

export type OAuthGrantCommand =
  ({ readonly type: 'GiveOAuthGrant' } & OAuthGrantContent) | { readonly type: 'RevokeOAuthGrant' };

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
        return { status: 'active', ...event.data };
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
    if (state.status === 'revoked') return [];
    const { userId, clientId, resources, rejected, expiresAt } = command;
    const data = { userId, clientId, resources, rejected, expiresAt };
    if (state.status === 'none') return [{ type: 'OAuthGrantGiven', data }];
    const { status: _, ...before } = state;
    return JSON.stringify(before) === JSON.stringify(data) ? [] : [{ type: 'OAuthGrantChanged', data }];
  },
};
