import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminPassword, startTestApp, type TestApp } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { Browser, formOf } from './support/browser.ts';
import { askForAccess, letIn, refresh, type LetIn } from './support/let-in.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ http: { feed: { stallMs: 10_000, beatMs: 60_000, renewMs: 100 } } });
});

afterAll(() => app.close());

interface Grant {
  readonly id: string;
  readonly status: string;
  readonly lastUsedAt: string | null;
}

const asked = { scope: 'mcp:read' };
const read = async ({ accessToken }: LetIn) =>
  (await app.request('GET', '/api/v1/mcps', { token: accessToken })).status;

async function grantsOf(token: string, query = ''): Promise<readonly Grant[]> {
  const headers = { 'X-Wait-For-Position': String(await app.head()) };
  const reply = await app.request('GET', `/api/v1/oauth/grants${query}`, { token, headers });
  expect(reply.status, reply.text).toBe(200);
  return (reply.body as { items: readonly Grant[] }).items;
}

/** Neither token of it is good any more. */
async function expectOver(client: LetIn): Promise<void> {
  expect(await read(client)).toBe(401);
  expect(await refresh(app, client)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
}

describe('what a user lets clients do', () => {
  test('is listed: which client, what, where, since when, and when it was used last', async () => {
    const user = await app.newUser();
    const client = await letIn(app, user, { scope: 'mcp:read mcp:call', clientName: 'Notebook' });
    expect(await grantsOf(user.token)).toEqual([
      {
        id: client.grantId,
        userId: user.id,
        clientId: client.clientId,
        clientName: 'Notebook',
        resources: [{ resource: app.url, scopes: ['mcp:read', 'mcp:call'] }],
        status: 'active',
        createdAt: expect.stringMatching(/Z$/),
        expiresAt: expect.stringMatching(/Z$/),
        lastUsedAt: null,
        lastUsedFrom: null,
        revokedAt: null,
      },
    ]);
    for (let i = 0; i < 5; i++) expect(await read(client)).toBe(200);
    await expect.poll(async () => (await grantsOf(user.token))[0]?.lastUsedAt).toMatch(/Z$/);
    const { body } = await app.request('GET', `/api/v1/streams/oauthGrant-${client.grantId}/events`);
    const types = (body as { items: readonly { type: string }[] }).items.map(({ type }) => type);
    expect(types).toEqual(['OAuthGrantGiven', 'OAuthGrantUsed']);
  });

  test('is taken back at once, with its tokens and its open streams, and stays on the list', async () => {
    const user = await app.newUser(['operator']);
    const client = await letIn(app, user, { scope: 'event:read mcp:read' });
    const stream = await openSse(`${app.url}/api/v1/events/stream`, {
      Authorization: `Bearer ${client.accessToken}`,
    });
    expect([stream.status, stream.ended]).toEqual([200, false]);
    expect(await read(client)).toBe(200);
    const path = `/api/v1/oauth/grants/${client.grantId}`;
    expect((await app.request('DELETE', path, { token: user.token })).status).toBe(204);
    await expectOver(client);
    await expect.poll(() => stream.ended).toBe(true);
    expect(await grantsOf(user.token)).toMatchObject([{ id: client.grantId, status: 'revoked' }]);
    expect(await grantsOf(user.token, '?status=active')).toEqual([]);
  });

  test('of somebody else does not exist, but for who manages grants', async () => {
    const [user, other] = [await app.newUser(), await app.newUser()];
    const client = await letIn(app, user, asked);
    const path = `/api/v1/oauth/grants/${client.grantId}`;
    for (const method of ['GET', 'DELETE']) {
      const reply = await app.request(method, path, { token: other.token });
      expect(reply).toMatchObject({ status: 404, body: { code: 'oauth_grant_not_found' } });
    }
    expect(await grantsOf(other.token, `?userId=${user.id}`)).toEqual([]);
    expect(await read(client)).toBe(200);
    expect(await grantsOf(app.adminToken)).toEqual([]);
    expect(await grantsOf(app.adminToken, `?userId=${user.id}`)).toMatchObject([{ id: client.grantId }]);
    expect((await app.request('DELETE', path)).status).toBe(204);
    await expectOver(client);
  });
});

describe('what a user let clients do ends', () => {
  test('when he logs out everywhere, and not when one session ends', async () => {
    const user = await app.newUser();
    const client = await letIn(app, user, asked);
    const another = await app.logIn(user.username, user.password);
    const logOut = (token: string, body: object) => app.request('POST', '/api/v1/auth/logout', { token, body });
    expect((await logOut(another.accessToken, {})).status).toBe(204);
    expect(await read(client)).toBe(200);
    expect((await logOut(user.token, { everywhere: true })).status).toBe(204);
    await expectOver(client);
  });

  test('when his password changes, by himself or by an administrator', async () => {
    const [user, other] = [await app.newUser(), await app.newUser()];
    const [ofUser, ofOther] = [await letIn(app, user, asked), await letIn(app, other, asked)];
    const body = { currentPassword: user.password, newPassword: 'another password of this user' };
    expect((await app.request('POST', '/api/v1/auth/password', { token: user.token, body })).status).toBe(204);
    await expectOver(ofUser);
    expect(await read(ofOther)).toBe(200);
    const path = `/api/v1/users/${other.id}/password`;
    expect((await app.request('POST', path, { body: { password: 'given by an administrator' } })).status).toBe(204);
    await expectOver(ofOther);
  });

  test('and who sits at the login page at that time has to sign in again', async () => {
    const user = await app.newUser();
    const signIn = async (password: string) => {
      const [browser, { url, exchange }] = [new Browser(app.url), await askForAccess(app, asked)];
      const login = await browser.open(url);
      const typed = { username: user.username, password, answer: 'login' };
      return { browser, url, exchange, consent: await browser.submit(formOf(login, typed)) };
    };
    const before = await signIn(user.password);
    expect(before.consent.text).toContain('value="consent"');
    const body = { currentPassword: user.password, newPassword: 'another password of this user' };
    expect((await app.request('POST', '/api/v1/auth/password', { token: user.token, body })).status).toBe(204);
    const refused = await before.browser.submit(formOf(before.consent, { answer: 'consent' }));
    expect([refused.status, refused.text.includes('session_not_found')]).toEqual([400, true]);
    expect((await before.browser.open(before.url)).text).toContain('name="password"');
    expect(await grantsOf(app.adminToken, `?userId=${user.id}`)).toEqual([]);

    const after = await signIn(body.newPassword);
    const done = await after.browser.submit(formOf(after.consent, { answer: 'consent' }));
    expect(await read(await after.exchange(done.url))).toBe(200);
  });
});

test('the administrator of the tests signs in like everybody', async () => {
  const client = await letIn(app, { username: 'admin', password: adminPassword }, { scope: 'user:read' });
  expect((await app.request('GET', '/api/v1/users', { token: client.accessToken })).status).toBe(200);
});
