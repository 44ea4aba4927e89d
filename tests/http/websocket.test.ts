import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { until } from './support/until.ts';

interface Message {
  readonly topic?: string;
  readonly event?: { readonly position: number; readonly type: string; readonly stream: string };
  readonly error?: { readonly code: string; readonly topic?: string };
  readonly subscribed?: { readonly topic: string; readonly after: number };
  readonly unsubscribed?: { readonly topic: string; readonly reason: string };
  readonly authenticated?: { readonly actor: string };
}

interface Client {
  readonly messages: readonly Message[];
  readonly closed: { readonly code: number } | undefined;
  send(message: unknown): void;
  close(): void;
}

let app: TestApp;
let tools: ToolServer;
let mcpId: string;

beforeAll(async () => {
  const webSocket = { authenticateWithinMs: 300, pingMs: 60_000, renewMs: 100, mostConnections: 20 };
  const feed = { stallMs: 1000, beatMs: 60_000, renewMs: 100 };
  const http = { webSocket, feed, allowedOrigins: ['https://console.example'] };
  [app, tools] = await Promise.all([startTestApp({ http }), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  const reply = await app.request('POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
  mcpId = (reply.body as { id: string }).id;
});

afterAll(async () => {
  tools.release();
  await app.close();
  await tools.close();
});

interface OpenOptions {
  /** null: no Authorization header. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** Opens a WebSocket. @throws Error with the status when the server refuses */
function open({ token = app.adminToken, headers = {}, path = '/ws' }: OpenOptions = {}): Promise<Client> {
  const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${app.port}${path}`, { headers: { ...authorization, ...headers } });
  const messages: Message[] = [];
  let closed: Client['closed'];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
  socket.on('close', (code) => (closed = { code }));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => reject(new Error(`refused with ${response.statusCode}`)));
    socket.on('open', () =>
      resolve({
        messages,
        get closed() {
          return closed;
        },
        send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
        close: () => socket.close(),
      }),
    );
  });
}

const call = (message: string, token = app.adminToken) =>
  app.request('POST', '/api/v1/executions', { token, body: { mcpId, tool: 'echo', arguments: { message } } });
const eventsOf = ({ messages }: Client, topic: string) =>
  messages.flatMap((message) => (message.topic === topic && message.event ? [message.event] : []));
const errorsOf = ({ messages }: Client) => messages.flatMap(({ error }) => (error ? [error] : []));

test('the whole log is a topic, live and from a position', async () => {
  const client = await open();
  const head = await app.head();
  client.send({ subscribe: { topic: 'events' } });
  await until(() => client.messages.length === 1, 'it is confirmed');
  expect(client.messages[0]).toEqual({ subscribed: { topic: 'events', after: head } });
  await call('one');
  await until(() => eventsOf(client, 'events').length === 3, 'its events came');

  const late = await open();
  late.send({ subscribe: { topic: 'events', after: head } });
  await until(() => eventsOf(late, 'events').length === 3, 'they came again');
  expect(eventsOf(late, 'events')).toEqual(eventsOf(client, 'events'));
  const { body } = await app.request('GET', `/api/v1/events?after=${head}`);
  expect(eventsOf(client, 'events')).toEqual((body as { items: object[] }).items);
  client.close();
  late.close();
});

test('one execution is a topic, which ends with it', async () => {
  const { id } = (await call('followed')).body as { id: string };
  const client = await open();
  client.send({ subscribe: { topic: `executions/${id}` } });
  await until(() => client.messages.some(({ unsubscribed }) => unsubscribed), 'it is over');
  expect(eventsOf(client, `executions/${id}`).map(({ type }) => type)).toEqual([
    'ExecutionRequested',
    'ExecutionStarted',
    'ExecutionSucceeded',
  ]);
  expect(client.messages.at(-1)).toEqual({ unsubscribed: { topic: `executions/${id}`, reason: 'complete' } });
  client.close();
});

test('one mcp is a topic, by its name too, until it is unsubscribed', async () => {
  const client = await open();
  client.send({ subscribe: { topic: 'mcps/tools' } });
  client.send({ subscribe: { topic: `mcps/${mcpId}`, after: 0 } });
  await until(() => eventsOf(client, `mcps/${mcpId}`).length >= 2, 'its history came');
  await app.request('PATCH', `/api/v1/mcps/${mcpId}`, { body: { description: 'changed' } });
  await until(() => eventsOf(client, 'mcps/tools').length === 1, 'the change came');
  expect(eventsOf(client, 'mcps/tools')[0]).toMatchObject({ type: 'McpVersionPublished', stream: `mcp-${mcpId}` });
  client.send({ unsubscribe: { topic: 'mcps/tools' } });
  await until(() => client.messages.some(({ unsubscribed }) => unsubscribed), 'it is confirmed');
  await app.request('PATCH', `/api/v1/mcps/${mcpId}`, { body: { description: 'changed again' } });
  await until(() => eventsOf(client, `mcps/${mcpId}`).length >= 4, 'the other subscription goes on');
  expect(eventsOf(client, 'mcps/tools').length).toBe(1);
  client.close();
});

describe('authentication', () => {
  test('may come with the first message', async () => {
    const user = await app.newUser();
    const client = await open({ token: null });
    client.send({ auth: { token: user.token } });
    await until(() => client.messages.length === 1, 'it is confirmed');
    expect(client.messages[0]).toEqual({ authenticated: { actor: `user:${user.id}` } });
    client.close();
  });

  test('is waited for only so long', async () => {
    const client = await open({ token: null });
    await until(() => client.closed !== undefined, 'it was closed');
    expect(client.closed?.code).toBe(4401);
  });

  test('must come before anything else', async () => {
    const client = await open({ token: null });
    client.send({ subscribe: { topic: 'events' } });
    await until(() => client.closed !== undefined, 'it was closed');
    expect([client.closed?.code, errorsOf(client)[0]?.code]).toEqual([4401, 'unauthenticated']);
  });

  test('with a bad token ends the connection', async () => {
    const client = await open({ token: null });
    client.send({ auth: { token: 'abc' } });
    await until(() => client.closed !== undefined, 'it was closed');
    expect([client.closed?.code, errorsOf(client)[0]?.code]).toEqual([4401, 'invalid_token']);
    await expect(open({ token: 'abc' })).rejects.toThrow('refused with 401');
  });

  test('is never taken from the address', async () => {
    await expect(open({ token: null, path: `/ws?token=${app.adminToken}` })).rejects.toThrow('refused with 404');
  });

  test('that ends, ends the connection', async () => {
    const user = await app.newUser();
    const [idle, reading] = [await open({ token: user.token }), await open({ token: user.token })];
    reading.send({ subscribe: { topic: 'mcps/tools' } });
    await until(() => reading.messages.length === 1, 'it is confirmed');
    await app.request('POST', '/api/v1/auth/logout', { token: user.token });
    await until(() => idle.closed !== undefined && reading.closed !== undefined, 'both were closed');
    expect([idle.closed?.code, reading.closed?.code]).toEqual([4401, 4401]);
  });
});

describe('permissions', () => {
  test('are asked for by topic, and a denial is recorded', async () => {
    const viewer = await app.newUser(['viewer']);
    const { id } = (await call('not for everybody')).body as { id: string };
    const client = await open({ token: viewer.token });
    client.send({ subscribe: { topic: 'events' } });
    client.send({ subscribe: { topic: `executions/${id}` } });
    client.send({ subscribe: { topic: 'mcps/nobody' } });
    await until(() => errorsOf(client).length === 3, 'all are refused');
    expect(errorsOf(client)).toMatchObject([
      { code: 'permission_missing', topic: 'events' },
      { code: 'execution_not_found', topic: `executions/${id}` },
      { code: 'mcp_not_found', topic: 'mcps/nobody' },
    ]);
    const { body } = await app.request('GET', `/api/v1/events?type=AccessDenied&actor=user:${viewer.id}`, {
      headers: { 'X-Wait-For-Position': String(await app.head()) },
    });
    expect(body).toMatchObject({ items: [{ data: { action: 'event:read', resource: 'WS events' } }] });
    client.close();
  });

  test('that are taken away end the subscription', async () => {
    const auditor = await app.newUser(['auditor']);
    const client = await open({ token: auditor.token });
    client.send({ subscribe: { topic: 'events' } });
    await until(() => client.messages.length === 1, 'it is confirmed');
    await app.request('PUT', `/api/v1/users/${auditor.id}/roles`, { body: { roles: ['viewer'] } });
    await until(() => client.messages.some(({ unsubscribed }) => unsubscribed?.reason === 'not_allowed'), 'it ended');
    client.close();
  });
});

describe('a page', () => {
  test.each(['https://evil.example', 'null', 'http://127.0.0.1:1'])('of %s may not connect', async (Origin) => {
    await expect(open({ headers: { Origin } })).rejects.toThrow('refused with 403');
  });

  test('of this server or an allowed origin may', async () => {
    for (const Origin of [`http://127.0.0.1:${app.port}`, 'https://console.example']) {
      (await open({ headers: { Origin } })).close();
    }
  });

  test('that comes by another name may not', async () => {
    await expect(open({ headers: { Host: 'evil.example' } })).rejects.toThrow('refused with 403');
  });
});

describe('bad input', () => {
  test.each([
    ['no JSON', '{', 'invalid_message'],
    ['no object', '[]', 'invalid_message'],
    ['nothing that is known', { hello: 1 }, 'invalid_message'],
    ['an unknown field', { subscribe: { topic: 'events', color: 'red' } }, 'invalid_input'],
    ['an unknown topic', { subscribe: { topic: 'users/1' } }, 'invalid_input'],
    ['a wrong position', { subscribe: { topic: 'events', after: -1 } }, 'invalid_input'],
    ['a position that is not there', { subscribe: { topic: 'events', after: 1e12 } }, 'position_unknown'],
  ])('%s is told and the connection goes on', async (_, message, code) => {
    const client = await open();
    client.send(message);
    await until(() => client.messages.length === 1, 'it is answered');
    expect(errorsOf(client)[0]?.code).toBe(code);
    client.send({ subscribe: { topic: 'events' } });
    await until(() => client.messages.length === 2, 'it goes on');
    expect(client.messages[1]).toHaveProperty('subscribed');
    client.close();
  });

  test('a topic twice, or too many, is refused', async () => {
    const client = await open();
    client.send({ subscribe: { topic: 'events' } });
    client.send({ subscribe: { topic: 'events' } });
    await until(() => client.messages.length === 2, 'both are answered');
    expect(errorsOf(client)).toMatchObject([{ code: 'already_subscribed', topic: 'events' }]);
    client.close();
  });

  test('a message that is too large ends the connection', async () => {
    const client = await open();
    client.send('x'.repeat(20_000));
    await until(() => client.closed !== undefined, 'it was closed');
    expect(client.closed?.code).toBe(1009);
  });

  test('more connections than there may be are refused', async () => {
    const clients: Client[] = [];
    await expect(
      (async () => {
        for (let n = 0; n < 30; n++) clients.push(await open());
      })(),
    ).rejects.toThrow('refused with 503');
    for (const client of clients) client.close();
  });
});
