import { describe, expect, it } from 'vitest';
import { oauthClientDecider, type OAuthClientEvent } from '../../src/domain/oauth/client.ts';
import { oauthGrantDecider, type OAuthGrantEvent } from '../../src/domain/oauth/grant.ts';
import { oauthTokenDecider, type OAuthTokenEvent } from '../../src/domain/oauth/token.ts';
import { fold, scenariosOf } from './given.ts';

describe('a client', () => {
  const given = scenariosOf(oauthClientDecider);
  const metadata = { client_name: 'A client' };
  const content = { metadata, unusedUntil: '2026-01-02T00:00:00.000Z' };
  const registered: OAuthClientEvent = { type: 'OAuthClientRegistered', data: content };
  const used: OAuthClientEvent = { type: 'OAuthClientUsed', data: { userId: 'u' } };

  it('is registered once', () => {
    const register = { type: 'RegisterOAuthClient', ...content } as const;
    given([]).when(register).then([registered]);
    given([registered]).when(register).thenRejects('conflict', 'oauth_client_exists');
  });

  it('stays from when it is let in for the first time, as those do that were registered before there was an end', () => {
    const use = { type: 'RecordFirstUse', userId: 'u' } as const;
    const older: OAuthClientEvent = { type: 'OAuthClientRegistered', data: { metadata } };
    given([registered]).when(use).then([used]);
    for (const history of [[registered, used], [older]]) {
      given(history).when(use).then([]);
      expect(fold(oauthClientDecider, history)).toMatchObject({ unusedUntil: null });
    }
  });
});

describe('a grant', () => {
  const given = scenariosOf(oauthGrantDecider);
  const content = {
    userId: 'u',
    clientId: 'c',
    resources: { 'https://annals.example.org': 'mcp:read' },
    rejected: {},
    expiresAt: '2027-01-01T00:00:00.000Z',
  };
  const wider = { ...content, resources: { 'https://annals.example.org': 'mcp:read mcp:call' } };
  const gave: OAuthGrantEvent = { type: 'OAuthGrantGiven', data: content };
  const revoked: OAuthGrantEvent = { type: 'OAuthGrantRevoked', data: { userId: 'u', clientId: 'c' } };

  it('is given, and changed by what is new', () => {
    given([])
      .when({ type: 'GiveOAuthGrant', ...content })
      .then([gave]);
    given([gave])
      .when({ type: 'GiveOAuthGrant', ...content })
      .then([]);
    given([gave])
      .when({ type: 'GiveOAuthGrant', ...wider })
      .then([{ type: 'OAuthGrantChanged', data: wider }]);
  });

  it('tells that it is used, once a minute at most, and not when it is over', () => {
    const use = (usedAt: string) => ({ type: 'RecordUse', usedAt, address: null }) as const;
    const [at, soon, later] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01:00.000Z'];
    const used = (usedAt: string): OAuthGrantEvent => ({
      type: 'OAuthGrantUsed',
      data: { userId: 'u', usedAt, address: null },
    });
    given([gave])
      .when(use(at))
      .then([used(at)]);
    given([gave, used(at)])
      .when(use(soon))
      .then([]);
    given([gave, used(at), { type: 'OAuthGrantChanged', data: wider }])
      .when(use(soon))
      .then([]);
    given([gave, used(at)])
      .when(use(later))
      .then([used(later)]);
    given([gave, revoked]).when(use(later)).then([]);
    given([gave, used(at)])
      .when({ type: 'GiveOAuthGrant', ...content })
      .then([]);
  });

  it('is revoked once, and never comes back', () => {
    given([gave]).when({ type: 'RevokeOAuthGrant' }).then([revoked]);
    given([gave, revoked]).when({ type: 'RevokeOAuthGrant' }).then([]);
    given([gave, revoked])
      .when({ type: 'GiveOAuthGrant', ...wider })
      .then([]);
    given([]).when({ type: 'RevokeOAuthGrant' }).then([]);
  });
});

describe('a code or a refresh token', () => {
  const given = scenariosOf(oauthTokenDecider);
  const content = { kind: 'RefreshToken', grantId: 'g', userId: 'u', clientId: 'c', content: { scope: 's' } } as const;
  const issued: OAuthTokenEvent = { type: 'OAuthTokenIssued', data: content };
  const now = '2026-01-01T00:00:00.000Z';
  const used: OAuthTokenEvent = { type: 'OAuthTokenUsed', data: { grantId: 'g', usedAt: now } };

  it('is good once', () => {
    given([])
      .when({ type: 'IssueOAuthToken', ...content })
      .then([issued]);
    given([issued]).when({ type: 'UseOAuthToken', now }).then([used]);
    given([issued, used]).when({ type: 'UseOAuthToken', now }).thenRejects('unauthenticated', 'oauth_token_used');
    given([]).when({ type: 'UseOAuthToken', now }).thenRejects('unauthenticated', 'oauth_token_used');
    expect(fold(oauthTokenDecider, [issued, used])).toMatchObject({ status: 'issued', usedAt: now });
  });

  it('is issued once', () => {
    given([issued])
      .when({ type: 'IssueOAuthToken', ...content })
      .thenRejects('conflict', 'oauth_token_exists');
  });
});
