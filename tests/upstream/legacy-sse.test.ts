import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { handle, Memory } from '../fixtures/misbehaving-tools.ts';
import { failureOf, startUpstreams, target, textOf, until } from './support.ts';

interface Options {
  /** What the stream names as the place for messages. */
  readonly endpoint?: string;
  readonly type?: string;
  readonly postStatus?: number;
}

/** The misbehaving tools over one stream of events. */
async function startSse({ endpoint = '/message', type = 'text/event-stream', postStatus = 202 }: Options = {}) {
  const memory = new Memory();
  const posts: IncomingMessage['headers'][] = [];
  let stream: ServerResponse | undefined;
  let streams = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      streams++;
      stream = response.writeHead(200, { 'content-type': type });
      stream.write(`event: endpoint\ndata: ${endpoint}\n\n`);
      return;
    }
    posts.push(request.headers);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(postStatus).end('Accepted');
      const channel = {
        send: (message: unknown) => void stream?.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
        raw: (text: string) => void stream?.write(text.endsWith('}\n') ? `data: ${text}\n` : text),
        die: () => void stream?.destroy(),
      };
      handle(JSON.parse(Buffer.concat(chunks).toString()), channel, memory);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`;
  const { upstreams, logged } = startUpstreams({ maxResultBytes: 1024 * 1024 });
  const upstream = target({ type: 'sse', url, headers: { 'X-Key': 'k-1' } });
  const call = (name: string, args = {}, timeoutMs = 10_000) =>
    upstreams.callTool(upstream, { name, arguments: args }, { timeoutMs });
  const echo = async () => textOf(await call('echo', { message: 'still here' }));
  return { upstreams, upstream, call, echo, posts, memory, logged, streams: () => streams };
}

describe('a server with one stream of events', () => {
  test('is called over one stream, with its headers on each message', async () => {
    const { echo, posts, streams } = await startSse();
    expect(await Promise.all(Array.from({ length: 20 }, echo))).toHaveLength(20);
    expect(streams()).toBe(1);
    expect(posts.every((headers) => headers['x-key'] === 'k-1')).toBe(true);
  });

  test('that breaks the stream fails what is in flight, and is connected to again', async () => {
    const { echo, call, streams } = await startSse();
    await echo();
    const others = failureOf(call('silent'));
    expect((await failureOf(call('die'))).code).toBe('upstream_disconnected');
    expect((await others).code).toBe('upstream_disconnected');
    expect(await echo()).toBe('still here');
    expect(streams()).toBe(2);
  });

  test('that answers too much, twice, garbage, or never, is got over', async () => {
    const { echo, call, memory, logged } = await startSse();
    await echo();
    expect((await failureOf(call('large', { bytes: 2 * 1024 * 1024 }))).code).toBe('result_too_large');
    expect(textOf(await call('twice'))).toBe('once');
    expect((await failureOf(call('silent', {}, 40))).code).toBe('execution_timed_out');
    await until(() => memory.cancelled.length > 0, 'it is told');
    expect((await failureOf(call('wrongResult', { result: 7 }))).code).toBe('upstream_protocol_error');
    expect(await echo()).toBe('still here');
    expect(logged.map(({ kind }) => kind)).toEqual(['stray_answer']);
  });

  test('gets its pings answered', async () => {
    const { call } = await startSse();
    expect(JSON.parse(textOf(await call('asks')))).toContainEqual({ jsonrpc: '2.0', id: 'server-ping', result: {} });
  });
});

describe('a server with one stream of events does not come up', () => {
  test.each([
    ['names another origin', { endpoint: 'http://169.254.169.254/message' }, /another origin/],
    ['names no URL', { endpoint: 'http://[' }, /no usable URL/],
    ['names another scheme', { endpoint: 'file:///etc/passwd' }, /no usable URL/],
    ['answers something else', { type: 'text/html' }, /not a stream of events/],
    ['does not take messages', { postStatus: 500 }, /HTTP 500/],
  ])('when it %s', async (_, options, reason) => {
    const { upstreams, upstream } = await startSse(options);
    const error = await failureOf(upstreams.discover(upstream, { timeoutMs: 10_000 }));
    expect(error.code).toBe('upstream_unavailable');
    expect(error.message).toMatch(reason);
  });
});
