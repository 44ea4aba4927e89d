import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask, type Mcp } from '../integration/support/api.ts';

const MIB = 1024 * 1024;

let app: TestApp;
let tools: ToolServer;
beforeAll(async () => {
  const http = { patience: { headMs: 1500, requestMs: 3000, checkEveryMs: 100 } };
  [app, tools] = await Promise.all([startTestApp({ http }), startToolServer()]);
});
afterAll(async () => {
  await app.close();
  await tools.close();
});

const json = { 'Content-Type': 'application/json' };
const post = (raw: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = {}) =>
  app.request('POST', '/api/v1/mcps', { raw, headers: { ...json, ...headers } });

/** Somebody else, who has to be served whatever goes on. */
async function othersAreServed(): Promise<void> {
  expect((await app.request('GET', '/api/v1/mcps?limit=1')).status).toBe(200);
}

describe('SEC13: a body that is made to exhaust is refused, nothing is recorded, and others are served:', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}`;
  const bodies: Readonly<Record<string, () => Parameters<typeof post>>> = {
    '10 MB': () => [`{"name":"${'x'.repeat(10 * MIB)}"}`],
    '10,000 levels of arrays': () => [`{"name":${nested(10_000)}}`],
    '10,000 levels of objects': () => [`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    '200,000 keys': () => [keys(200_000)],
    'a thousand keys too many': () => [keys(60_000)],
    __proto__: () => ['{"name":"x","__proto__":{"isAdmin":true}}'],
    'constructor.prototype': () => ['{"name":"x","constructor":{"prototype":{"isAdmin":true}}}'],
    'a gzip bomb': () => [new Uint8Array(gzipSync(Buffer.alloc(64 * MIB, 32))), { 'Content-Encoding': 'gzip' }],
    'a number of 100,000 digits': () => [`{"name":${'9'.repeat(100_000)}}`],
  };
  test.each(Object.keys(bodies))('%s', async (what) => {
    const before = await app.head();
    const [raw, headers] = bodies[what]?.() ?? [''];
    const [reply] = await Promise.all([post(raw, headers), othersAreServed()]);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.status).toBeLessThan(500);
    expect(await app.head()).toBe(before);
    expect(Object.prototype).not.toHaveProperty('isAdmin');
  });
});

describe('SEC13: a client that does not come to the point is sent away:', () => {
  const open = (
    first = '',
  ): Promise<{ readonly socket: Socket; readonly said: () => string; readonly over: () => boolean }> => {
    let [text, over] = ['', false];
    const socket = connect(app.port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => (over = true));
    socket.on('error', () => undefined);
    return new Promise((resolve) => {
      socket.on('connect', () => {
        if (first !== '') socket.write(first);
        resolve({ socket, said: () => text, over: () => over });
      });
    });
  };

  test('one that sends its headers a letter at a time', async () => {
    const client = await open('GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const drip = setInterval(() => client.socket.writable && client.socket.write('a'), 100);
    await until(client.over, 'the slow client was sent away', 20_000);
    clearInterval(drip);
    expect(client.said()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('one that never ends its body', async () => {
    const head = [
      'POST /api/v1/mcps HTTP/1.1',
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      `Authorization: Bearer ${app.adminToken}`,
      'Content-Length: 100000',
    ];
    const client = await open(`${head.join('\r\n')}\r\n\r\n{`);
    const drip = setInterval(() => client.socket.writable && client.socket.write(' '), 100);
    await until(client.over, 'the slow client was sent away', 20_000);
    clearInterval(drip);
  });

  test('a thousand that say nothing, while others are served', async () => {
    const idle = await Promise.all(Array.from({ length: 1000 }, () => open()));
    await othersAreServed();
    await until(() => idle.every(({ over }) => over()), 'the silent clients were sent away', 25_000);
    await othersAreServed();
  });

  test('one with more headers than anybody needs', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => `X-${index}: 1`).join('\r\n');
    const client = await open(`GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n${many}\r\n\r\n`);
    await until(client.over, 'it was sent away', 20_000);
    expect(client.said()).toMatch(/^HTTP\/1\.1 431 /);
  });
});

test('SEC13: a result of 100 MB fails its call, and is not kept', async () => {
  const huge = await startToolServer({ large: 100 * MIB });
  const transport = { type: 'streamable-http', url: huge.url };
  const mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'huge', transport } });
  const call = { mcpId: mcp.id, tool: 'large', arguments: {} };
  const [reply] = await Promise.all([app.request('POST', '/api/v1/executions', { body: call }), othersAreServed()]);
  expect(reply).toMatchObject({ status: 502, body: { code: 'result_too_large' } });
  expect(reply.text.length).toBeLessThan(10_000);
  await huge.close();
});
