import type { TestApp } from '../../http/support/app.ts';

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

/** Makes an API key for the user of a token. */
export async function makeApiKey(
  app: TestApp,
  token: string,
  scopes: readonly string[],
  more: { readonly expiresAt?: string; readonly addresses?: readonly string[] } = {},
): Promise<MadeKey> {
  const reply = await app.request('POST', '/api/v1/api-keys', { token, body: { name: 'of a test', scopes, ...more } });
  if (reply.status !== 201) throw new Error(`make an API key: ${reply.status} ${reply.text}`);
  return reply.body as MadeKey;
}
