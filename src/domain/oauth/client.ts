import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

/** Client metadata as RFC 7591 names it. All clients are public ones: there is no secret among it. */
export type OAuthClientMetadata = Readonly<Record<string, unknown>>;

export type OAuthClientEvent = DomainEvent<'OAuthClientRegistered', { readonly metadata: OAuthClientMetadata }>;

export type OAuthClientState =
  { readonly status: 'none' } | { readonly status: 'registered'; readonly metadata: OAuthClientMetadata };

export interface OAuthClientCommand {
  readonly type: 'RegisterOAuthClient';
  readonly metadata: OAuthClientMetadata;
}

/** A program that registered itself to ask people for access (RFC 7591). It can do nothing by that alone. */
export const oauthClientDecider: Decider<OAuthClientState, OAuthClientCommand, OAuthClientEvent> = {
  category: 'oauthClient',
  initialState: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- a newer version may have written others
      case 'OAuthClientRegistered':
        return { status: 'registered', metadata: event.data.metadata };
      default:
        return state;
    }
  },
  decide({ metadata }, state) {
    if (state.status === 'registered') {
      throw new DomainError('conflict', 'oauth_client_exists', 'this client is registered');
    }
    return [{ type: 'OAuthClientRegistered', data: { metadata } }];
  },
};
