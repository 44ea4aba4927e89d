import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

/** Client metadata as RFC 7591 names it. All clients are public ones: there is no secret among it. */
export type OAuthClientMetadata = Readonly<Record<string, unknown>>;

export type OAuthClientEvent =
  | DomainEvent<
      'OAuthClientRegistered',
      {
        readonly metadata: OAuthClientMetadata;
        /** When it is gone if nobody has let it in by then (RFC 3339, UTC); absent in what was registered before. */
        readonly unusedUntil?: string;
      }
    >
  /** Somebody let it in for the first time. */
  | DomainEvent<'OAuthClientUsed', { readonly userId: string }>;

export type OAuthClientState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly metadata: OAuthClientMetadata;
      /** When it is gone; null: it stays, because somebody has let it in. */
      readonly unusedUntil: string | null;
    };

export type OAuthClientCommand =
  | { readonly type: 'RegisterOAuthClient'; readonly metadata: OAuthClientMetadata; readonly unusedUntil: string }
  | { readonly type: 'RecordFirstUse'; readonly userId: string };

/** A program that registered itself to ask people for access (RFC 7591). It can do nothing by that alone. */
export const oauthClientDecider: Decider<OAuthClientState, OAuthClientCommand, OAuthClientEvent> = {
  category: 'oauthClient',
  initialState: { status: 'none' },
  evolve(state, event) {
    switch (event.type) {
      case 'OAuthClientRegistered': {
        const { metadata, unusedUntil = null } = event.data;
        return { status: 'registered', metadata, unusedUntil };
      }
      case 'OAuthClientUsed':
        return state.status === 'registered' ? { ...state, unusedUntil: null } : state;
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'RecordFirstUse') {
      if (state.status === 'none' || state.unusedUntil === null) return [];
      return [{ type: 'OAuthClientUsed', data: { userId: command.userId } }];
    }
    if (state.status === 'registered') {
      throw new DomainError('conflict', 'oauth_client_exists', 'this client is registered');
    }
    const { metadata, unusedUntil } = command;
    return [{ type: 'OAuthClientRegistered', data: { metadata, unusedUntil } }];
  },
};
