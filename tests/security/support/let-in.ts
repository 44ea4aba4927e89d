import { createHash, randomBytes } from 'node:crypto';
import type { TestApp, User } from '../../http/support/app.ts';
import { Browser, signInAndAllow } from './browser.ts';
import { redirectUri } from './oauth-client.ts';

/** A client that a user has let in. */
export interface LetIn {
  readonly clientId: string;
  readonly grantId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface Asked {
  readonly scope: string;
  /** Absent: the API. */
  readonly resource?: string;
  readonly clientName?: string;
}

export interface Begun {
  readonly clientId: string;
  /** Where the client sends its user. */
  readonly url: URL;
  /** Exchanges the code that came back. */
  readonly exchange: (back: URL, headers?: Readonly<Record<string, string>>) => Promise<LetIn>;
}

/** Registers a client and begins to ask a user for access. */
export async function askForAccess(app: Pick<TestApp, 'url' | 'request'>, asked: Asked): Promise<Begun> {
  const metadata = { client_name: asked.clientName ?? 'A client', redirect_uris: [redirectUri] };
  const registered = await app.request('POST', '/oauth/register', { token: null, body: metadata });
  if (registered.status !== 201) throw new Error(`register: ${registered.status} ${registered.text}`);
  const { client_id: clientId } = registered.body as { client_id: string };
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(`${app.url}/oauth/authorize`);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope: asked.scope,
    resource: asked.resource ?? app.url,
  }).toString();
  return {
    clientId,
    url,
    async exchange(back, headers = {}) {
      const code = back.searchParams.get('code') ?? '';
      const answer = await fetch(`${app.url}/oauth/token`, {
        method: 'POST',
        headers,
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: clientId,
          code,
          redirect_uri: redirectUri,
          code_verifier: verifier,
        }),
      });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(`token: ${answer.status} ${text}`);
      const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(text) as Record<string, string>;
      if (accessToken === undefined || refreshToken === undefined) throw new Error(text);
      const claims = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString();
      return { clientId, grantId: (JSON.parse(claims) as { gid: string }).gid, accessToken, refreshToken };
    },
  };
}

/** Registers a client, has a user sign in and allow what it asks for, and gets its tokens. */
export async function letIn(
  app: Pick<TestApp, 'url' | 'request'>,
  user: Pick<User, 'username' | 'password'>,
  asked: Asked,
): Promise<LetIn> {
  const begun = await askForAccess(app, asked);
  return begun.exchange(await signInAndAllow(new Browser(app.url), begun.url, user));
}

/** Uses a refresh token. @returns the status, and the tokens when it was good */
export async function refresh(
  app: Pick<TestApp, 'url'>,
  { clientId, refreshToken }: LetIn,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
  const answer = await fetch(`${app.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
