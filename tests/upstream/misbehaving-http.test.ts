import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CallOptions, UpstreamTarget } from '../../src/ports/upstream.ts';
import { createEgressPolicy } from '../../src/infrastructure/egress/egress-policy.ts';
import { startMisbehavingHttp } from '../fixtures/misbehaving-http.ts';
import { failureOf, startUpstreams, target, textOf, until } from './support.ts';

const soon: CallOptions = { timeoutMs: 10_000 };
const kinds = (logged: readonly { readonly kind: unknown }[]) => logged.map(({ kind }) => kind);

async function start(answers: 'json' | 'events', options = {}, headers: Record<string, string> = {}) {
  const http = await startMisbehavingHttp(answers);
  onTestFinished(() => http.close());
  const { upstreams, logged } = startUpstreams(options);
  const server = target({ type: 'streamable-http', url: http.url, headers });
  const call = (name: string, args: Record<string, unknown> = {}, callOptions = soon) =>
    upstreams.callTool(server, { name, arguments: args }, callOptions);
  const echo = async () => textOf(await call('echo', { message: 'still here' }));
  return { http, upstreams, logged, server, call, echo };
}

describe.each(['json', 'events'] as const)('a streamable HTTP server that answers with %s', (answers) => {
  test('offers all pages, and gets the session, the revision and its own headers with each request', async () => {
    const { http, upstreams, server } = await start(answers, {}, { 'X-Key': 'k-1' });
    const offer = await upstreams.discover(server, soon);
    expect(offer.tools.length).toBeGreaterThan(12);
    const asked = http.seen.filter(({ rpc }) => rpc === 'tools/list');
    expect(asked.length).toBeGreaterThan(2);
    for (const { headers } of asked) {
      expect(headers).toMatchObject({
        'x-key': 'k-1',
        'mcp-session-id': [...http.openSessions][0],
        'mcp-protocol-version': '2025-11-25',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      });
    }
  });

  test('that breaks the connection in the middle of a call fails it, and the next call works', async () => {
    const { call, echo } = await start(answers);
    await echo();
    const error = await failureOf(call('die'));
    expect(error.code).toBe('upstream_disconnected');
    expect(await echo()).toBe('still here');
  });

  test('that never answers is told to stop and gives its socket back, and the next call works', async () => {
    const egress = createEgressPolicy({ allow: [], allowLoopback: true, maxSockets: 1 });
    const { http, call, echo } = await start(answers, { egress });
    await echo();
    expect((await failureOf(call('silent', {}, { timeoutMs: 50 }))).code).toBe('execution_timed_out');
    await until(() => http.memory.cancelled.length > 0, 'it is told');
    expect(http.memory.cancelled).toEqual([{ requestId: expect.any(Number), reason: 'timed out' }]);
    expect(await echo()).toBe('still here');
  });

  test('that answers 20 MB fails that call only', async () => {
    const { call, echo } = await start(answers);
    await echo();
    const error = await failureOf(call('large', { bytes: 20 * 1024 * 1024 }));
    expect(error.code).toBe('result_too_large');
    expect(await echo()).toBe('still here');
    expect(textOf(await call('large', { bytes: 3_000_000 }))).toHaveLength(3_000_000);
  });

  test('that never stops answering is cut off, and the next call works', async () => {
    const { call, echo } = await start(answers, { maxResultBytes: 256 * 1024 });
    expect((await failureOf(call('endless'))).code).toBe('result_too_large');
    expect(await echo()).toBe('still here');
  });

  test('that answers twice, or to others, crosses nobody', async () => {
    const { http, call, echo } = await start(answers);
    expect(textOf(await call('twice'))).toBe('once');
    const waiting = call('silent', { as: 'victim' }, { timeoutMs: 400 });
    const victim = failureOf(waiting);
    await until(() => http.memory.ids.has('victim'), 'the other call is in flight');
    // With JSON, the first answer is the only one: an answer to somebody else is none.
    const thief = call('crossed', { of: 'victim', steal: true });
    if (answers === 'events') expect(textOf(await thief)).toBe('for me');
    else expect((await failureOf(thief)).code).toBe('upstream_protocol_error');
    expect((await victim).code).toBe('execution_timed_out');
    expect(await echo()).toBe('still here');
  });

  test.each([
    ['wrongResult', 'upstream_protocol_error'],
    ['noResult', 'upstream_protocol_error'],
    ['wrongError', 'upstream_protocol_error'],
    ['deep', 'upstream_protocol_error'],
    ['garbage', 'upstream_protocol_error'],
    ['fails', 'upstream_error'],
  ])('whose tool %s fails fails as %s, and the next call works', async (tool, code) => {
    const { call, echo } = await start(answers);
    expect((await failureOf(call(tool, { result: 'text' }))).code).toBe(code);
    expect(await echo()).toBe('still here');
  });

  test.each([404, 400] as const)(
    'that has forgotten the session (%d) is greeted again, once for all, and the calls are sent again',
    async (status) => {
      const { http, echo } = await start(answers);
      await echo();
      http.forgetSessions(status);
      http.seen.length = 0;
      expect(await Promise.all(Array.from({ length: 8 }, echo))).toEqual(Array.from({ length: 8 }, () => 'still here'));
      expect(http.seen.filter(({ rpc }) => rpc === 'initialize')).toHaveLength(1);
      expect(http.openSessions.size).toBe(1);
    },
  );

  test('that forgets every session at once is not asked for ever', async () => {
    const { http, echo, call } = await start(answers);
    await echo();
    const calls = () => http.seen.filter(({ rpc }) => rpc === 'tools/call').length;
    http.seen.length = 0;
    http.forgetSessions(404);
    http.failNext(404);
    // The first try meets no session; the second finds the new one gone as well.
    const error = await failureOf(call('echo'));
    expect(error.code).toBe('upstream_disconnected');
    expect(calls()).toBe(2);
    expect(await echo()).toBe('still here');
  });

  test.each([
    [401, 'upstream_unavailable', /HTTP 401: it does not accept the credentials/],
    [403, 'upstream_unavailable', /HTTP 403/],
    [429, 'upstream_unavailable', /HTTP 429; it asks to try again after 7/],
    [500, 'upstream_unavailable', /HTTP 500/],
    [503, 'upstream_unavailable', /HTTP 503/],
    [418, 'upstream_protocol_error', /HTTP 418/],
    [302, 'upstream_protocol_error', /HTTP 302: redirects are not followed/],
    [307, 'upstream_protocol_error', /HTTP 307: redirects are not followed/],
    [202, 'upstream_protocol_error', /neither JSON nor a stream/],
  ])(
    'that answers HTTP %d fails the call, tells nothing of the body, and the next call works',
    async (status, code, reason) => {
      const { http, call, echo } = await start(answers);
      await echo();
      http.failNext(status, { 'retry-after': '7', location: 'http://169.254.169.254/latest' });
      const error = await failureOf(call('echo'));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(reason);
      expect(error.message).not.toContain('internal detail');
      expect(await echo()).toBe('still here');
    },
  );

  test('is asked no more when the address is refused, and the refusal names the setting', async () => {
    const http = await startMisbehavingHttp(answers);
    onTestFinished(() => http.close());
    const egress = createEgressPolicy({ allow: [], allowLoopback: false });
    const { upstreams } = startUpstreams({ egress });
    for (const type of ['streamable-http', 'sse'] as const) {
      const error = await failureOf(upstreams.discover(target({ type, url: http.url }), soon));
      expect(error.code).toBe('upstream_refused');
      expect(error.message).toContain('ANNALS_EGRESS_ALLOW');
    }
    expect(http.seen).toEqual([]);
  });

  test('is told that the session is over when the connection is closed', async () => {
    const { http, upstreams, server, echo } = await start(answers);
    await echo();
    expect(http.openSessions.size).toBe(1);
    await upstreams.disconnect(server.mcpId);
    expect(http.openSessions.size).toBe(0);
    expect(upstreams.status()).toEqual([]);
  });

  test('is heard when it announces changed lists on its own stream', async () => {
    const { http, upstreams, server, echo } = await start(answers);
    const heard: UpstreamTarget[] = [];
    upstreams.onListChanged((changed) => heard.push(changed));
    await echo();
    await until(() => http.listeners.size === 1, 'somebody listens');
    http.announce({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    await until(() => heard.length > 0, 'the change is heard');
    expect(heard).toEqual([server]);
  });
});

describe('a stream of events', () => {
  test('carries progress, and requests of the server that are answered by POST', async () => {
    const { upstreams, server, call } = await start('events');
    const seen: unknown[] = [];
    await upstreams.callTool(
      server,
      { name: 'progresses', arguments: {} },
      { ...soon, onProgress: (step) => seen.push(step) },
    );
    expect(seen).toHaveLength(2);
    const replies = JSON.parse(textOf(await call('asks')));
    expect(replies).toHaveLength(4);
    expect(replies).toContainEqual({ jsonrpc: '2.0', id: 'server-ping', result: {} });
    expect(replies).toContainEqual(
      expect.objectContaining({ id: 'server-roots/list', error: expect.objectContaining({ code: -32601 }) }),
    );
  });

  test('that breaks is taken up again after its last event', async () => {
    const { http, call } = await start('events');
    await call('echo');
    let waiting: number | string = 0;
    http.answerNext((response, id) => {
      waiting = id;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('retry: 20\nid: place-7\ndata: \n\n');
    });
    const calling = call('echo', { message: 'lost' });
    await until(() => http.listeners.size === 2, 'the stream is asked for again');
    const again = http.seen.filter(({ method, headers }) => method === 'GET' && headers['last-event-id'] !== undefined);
    expect(again.map(({ headers }) => headers['last-event-id'])).toEqual(['place-7']);
    http.announce({ jsonrpc: '2.0', id: waiting, result: { content: [{ type: 'text', text: 'found again' }] } });
    expect(textOf(await calling)).toBe('found again');
  });

  test('that goes on after the answer is left, and its socket used again', async () => {
    const egress = createEgressPolicy({ allow: [], allowLoopback: true, maxSockets: 1 });
    const { http, call, echo } = await start('events', { egress });
    await echo();
    http.answerNext((response, id) => {
      const answer = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'and more' }] } };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(answer)}\n\n`);
    });
    expect(textOf(await call('echo'))).toBe('and more');
    expect(await echo()).toBe('still here');
    egress.close();
  });

  test('that ends without an answer fails the call', async () => {
    const { http, call, echo } = await start('events');
    await echo();
    http.answerNext((response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n'),
    );
    expect(await failureOf(call('echo'))).toMatchObject({
      code: 'upstream_disconnected',
      message: expect.stringContaining('the stream ended'),
    });
    expect(await echo()).toBe('still here');
  });
});

test('many connections that listen to one server leave room for calls', async () => {
  const http = await startMisbehavingHttp('json');
  onTestFinished(() => http.close());
  const egress = createEgressPolicy({ allow: [], allowLoopback: true, maxSockets: 2 });
  const { upstreams } = startUpstreams({ egress });
  const servers = Array.from({ length: 5 }, () => target({ type: 'streamable-http', url: http.url }));
  for (const server of servers) {
    const result = await upstreams.callTool(server, { name: 'echo', arguments: { message: 'heard' } }, soon);
    expect(textOf(result)).toBe('heard');
  }
  await until(() => http.listeners.size === 2, 'as many listen as may');
  egress.close();
});

describe('an answer', () => {
  test('that is compressed is refused, for it was not asked for', async () => {
    const { http, call } = await start('json');
    await call('echo');
    http.answerNext((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('bomb');
    });
    expect((await failureOf(call('echo'))).message).toContain('compressed');
  });

  test('that is an error without an id belongs to the request it came for', async () => {
    const { http, call } = await start('json');
    await call('echo');
    const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'cannot read that' } });
    for (const status of [200, 400]) {
      http.answerNext((response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body));
      expect(await failureOf(call('echo'))).toMatchObject({ code: 'upstream_error', message: /cannot read that/ });
    }
  });

  test('in a list is found in it', async () => {
    const { http, call } = await start('json');
    await call('echo');
    http.answerNext((response, id) => {
      const messages = [
        { jsonrpc: '2.0', method: 'notifications/message', params: {} },
        { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'in a batch' }] } },
      ];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(messages));
    });
    expect(textOf(await call('echo'))).toBe('in a batch');
  });
});

test('a server that is not there is unavailable, with pauses that grow until it is', async () => {
  const placeholder = createServer();
  await new Promise<void>((resolve) => placeholder.listen(0, '127.0.0.1', resolve));
  const { port } = placeholder.address() as AddressInfo;
  await new Promise((resolve) => placeholder.close(resolve));
  const { upstreams, logged } = startUpstreams({ backoff: { firstMs: 1000, maxMs: 60_000 } });
  const server = target({ type: 'streamable-http', url: `http://127.0.0.1:${port}/mcp` });
  const call = () => failureOf(upstreams.callTool(server, { name: 'echo', arguments: {} }, soon));
  expect(await call()).toMatchObject({ code: 'upstream_unavailable', message: /cannot be reached: ECONNREFUSED/ });
  // In the pause nothing is asked of the server, even if it is there by now.
  let connections = 0;
  const counting = createTcpServer((socket) => (connections++, socket.destroy()));
  await new Promise<void>((resolve) => counting.listen(port, '127.0.0.1', resolve));
  expect((await call()).message).toMatch(/next try in (0\.\d|1\.0) s/);
  expect(connections).toBe(0);
  await new Promise((resolve) => counting.close(resolve));
  await until(() => upstreams.status()[0]?.state === 'closed', 'the pause is over');
  await call();
  expect((await call()).message).toMatch(/next try in (0\.9|[12]\.\d) s/);
  expect(kinds(logged)).toEqual(['upstream_unavailable', 'upstream_unavailable']);
});

test('a crashed and restarted server is connected to again without a pause', async () => {
  const { http, upstreams, server, call, echo } = await start('json');
  await echo();
  const { port } = new URL(http.url);
  const inFlight = failureOf(call('silent', {}, { timeoutMs: 5000 }));
  await until(() => upstreams.status()[0]?.inFlight === 1, 'a call is in flight');
  await http.close();
  expect((await inFlight).code).toBe('upstream_disconnected');
  const refused = createServer((_, response) => response.writeHead(500).end());
  await new Promise<void>((resolve) => refused.listen(Number(port), '127.0.0.1', resolve));
  onTestFinished(() => {
    refused.closeAllConnections();
    refused.close();
  });
  const error = await failureOf(upstreams.callTool(server, { name: 'echo', arguments: {} }, soon));
  expect(error.message).toMatch(/handshake failed.*HTTP 500/);
});
