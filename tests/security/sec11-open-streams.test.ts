import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { until } from '../http/support/until.ts';

const http = {
  feed: { stallMs: 1000, beatMs: 60_000, renewMs: 200 },
  webSocket: { authenticateWithinMs: 300, pingMs: 60_000, renewMs: 200, mostConnections: 20 },
};

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ http });
});
afterAll(() => app.close());

interface Open {
  readonly closed: boolean;
}

async function openFeed(token: string, { url } = app): Promise<Open> {
  const response = await fetch(`${url}/api/v1/events/stream`, { headers: { Authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  let closed = false;
  void response.text().then(
    () => (closed = true),
    () => (closed = true),
  );
  return {
    get closed() {
      return closed;
    },
  };
}

function openSocket(token: string, headers: Readonly<Record<string, string>> = {}, { port } = app): Promise<Open> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { Authorization: `Bearer ${token}`, ...headers },
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, { statusCode }) => reject(new Error(`refused with ${statusCode}`)));
    socket.on('open', () =>
      resolve({
        get closed() {
          return socket.readyState === WebSocket.CLOSED;
        },
      }),
    );
  });
}

/** Long before the 60 seconds that are asked for. */
const closedInTime = (streams: readonly Open[]) =>
  until(() => streams.every(({ closed }) => closed), 'every stream was closed', 30_000);

describe('SEC11: an open SSE and an open WebSocket are closed', () => {
  const endings: Readonly<Record<string, (user: User) => Promise<unknown>>> = {
    'when the session is ended': ({ token }) => app.request('POST', '/api/v1/auth/logout', { token }),
    'when the user logs out everywhere': async ({ username, password }) => {
      const { accessToken } = await app.logIn(username, password);
      await app.request('POST', '/api/v1/auth/logout', { token: accessToken, body: { everywhere: true } });
    },
    'when the user’s password is reset': ({ id }) =>
      app.request('POST', `/api/v1/users/${id}/password`, { body: { password: 'another password' } }),
  };
  test.each(Object.keys(endings))(
    '%s',
    async (how) => {
      const user = await app.newUser(['auditor']);
      const streams = [await openFeed(user.token), await openSocket(user.token)];
      expect(streams.map(({ closed }) => closed)).toEqual([false, false]);
      await endings[how]?.(user);
      await closedInTime(streams);
    },
    40_000,
  );

  test('when the token is over, without anybody saying so', async () => {
    const shortLived = await startTestApp({ env: { ANNALS_ACCESS_TOKEN_TTL_MS: '10000' }, http });
    const token = shortLived.adminToken;
    const streams = [await openFeed(token, shortLived), await openSocket(token, {}, shortLived)];
    await closedInTime(streams);
    await shortLived.close();
  }, 40_000);

  test('as a feed, when the role that allowed it is taken away', async () => {
    const user = await app.newUser(['auditor']);
    const feed = await openFeed(user.token);
    await app.request('PUT', `/api/v1/users/${user.id}/roles`, { body: { roles: ['viewer'] } });
    await closedInTime([feed]);
  });
});

describe('SEC11: a page of another site', () => {
  test.each(['https://evil.example', 'null'])('of origin %s opens no WebSocket', async (Origin) => {
    await expect(openSocket(app.adminToken, { Origin })).rejects.toThrow('refused with 403');
  });
  test('that comes by another name reaches nothing', async () => {
    await expect(openSocket(app.adminToken, { Host: 'evil.example' })).rejects.toThrow(/refused with 4/);
  });
});
