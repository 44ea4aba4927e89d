import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

export interface OAuthTokenContent {
  readonly kind: 'AuthorizationCode' | 'RefreshToken';
  readonly grantId: string;
  readonly userId: string;
  readonly clientId: string;
  /** What the authorization server keeps with it: scope, resource, redirect URI, challenge. Not the token. */
  readonly content: Readonly<Record<string, unknown>>;
}

export type OAuthTokenEvent =
  | DomainEvent<'OAuthTokenIssued', OAuthTokenContent>
  | DomainEvent<'OAuthTokenUsed', { readonly grantId: string; readonly usedAt: string }>;

export type OAuthTokenState =
  | { readonly status: 'none' }
  /** `usedAt` in RFC 3339; null: not yet. */
  | (OAuthTokenContent & { readonly status: 'issued'; readonly usedAt: string | null });

export type OAuthTokenCommand =
  ({ readonly type: 'IssueOAuthToken' } & OAuthTokenContent) | { readonly type: 'UseOAuthToken'; readonly now: string };

/**
 * An authorization code or a refresh token, known by its hash. It is good once: of two that use it at the same moment,
 * on whatever node, the second is refused.
 */
export const oauthTokenDecider: Decider<OAuthTokenState, OAuthTokenCommand, OAuthTokenEvent> = {
  category: 'oauthToken',
  initialState: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'OAuthTokenIssued':
        return { status: 'issued', usedAt: null, ...event.data };
      case 'OAuthTokenUsed':
        return state.status === 'issued' ? { ...state, usedAt: event.data.usedAt } : state;
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'IssueOAuthToken') {
      const { kind, grantId, userId, clientId, content } = command;
      if (state.status !== 'none') throw new DomainError('conflict', 'oauth_token_exists', 'this token was issued');
      return [{ type: 'OAuthTokenIssued', data: { kind, grantId, userId, clientId, content } }];
    }
    if (state.status === 'none' || state.usedAt !== null) {
      throw new DomainError('unauthenticated', 'oauth_token_used', 'this code or token is good no more');
    }
    return [{ type: 'OAuthTokenUsed', data: { grantId: state.grantId, usedAt: command.now } }];
  },
};
