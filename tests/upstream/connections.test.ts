import { describe, expect, onTestFinished, test } from 'vitest';
import type { CallOptions } from '../../src/ports/upstream.ts';
import { startFastServer } from '../fixtures/fast-http-server.ts';
import { startMisbehavingHttp } from '../fixtures/misbehaving-http.ts';
import { failureOf, misbehavingStdio, startUpstreams, target, textOf, until } from './support.ts';

const soon: CallOptions = { timeoutMs: 10_000 };

describe('a connection', () => {
  test('is shared by all calls, many at a time, and no answer crosses another', async () => {
    const http = await startMisbehavingHttp('events');
    onTestFinished(() => http.close());
    const { upstreams, logged } = startUpstreams();
    const servers = [misbehavingStdio(), target({ type: 'streamable-http', url: http.url })];
    const calls = servers.flatMap((server) =>
      Array.from({ length: 200 }, async (_, index) => {
        const message = `${server.mcpId} call ${index}`;
        // Every fifth is given up at once, so that late answers are about.
        const options = index % 5 === 0 ? { timeoutMs: 10_000, signal: AbortSignal.timeout(index % 3) } : soon;
        try {
          const result = await upstreams.callTool(server, { name: 'echo', arguments: { message } }, options);
          expect(textOf(result)).toBe(message);
          return 'answered';
        } catch (error) {
          expect(error).toMatchObject({ code: 'execution_cancelled' });
          return 'cancelled';
        }
      }),
    );
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThanOrEqual(320);
    expect(http.seen.filter(({ rpc }) => rpc === 'initialize')).toHaveLength(1);
    const [stdio] = servers;
    expect(upstreams.logs(stdio?.mcpId ?? '').filter(({ text }) => text.startsWith('started'))).toHaveLength(1);
    expect(upstreams.status().map(({ inFlight }) => inFlight)).toEqual([0, 0]);
    expect(logged.filter(({ kind }) => kind !== 'stray_answer' && kind !== 'unsent')).toEqual([]);
  });

  test('of one version is not that of another', async () => {
    const { upstreams } = startUpstreams();
    const first = misbehavingStdio();
    const second = { ...first, version: 2 };
    const pid = async (server: typeof first) =>
      JSON.parse(textOf(await upstreams.callTool(server, { name: 'memory', arguments: {} }, soon))).pid;
    const [one, two] = await Promise.all([pid(first), pid(second)]);
    expect(one).not.toBe(two);
    expect(await pid(first)).toBe(one);
    expect(upstreams.status().map(({ version }) => version)).toEqual([1, 2]);
  });

  test('is closed when idle, and made again when needed', async () => {
    const { upstreams } = startUpstreams({ idleCloseMs: 60 });
    const server = misbehavingStdio();
    const call = (name: string, args = {}) => upstreams.callTool(server, { name, arguments: args }, soon);
    await call('echo', { message: 'first' });
    const held = call('late');
    expect(textOf(await held)).toBe('too late');
    await until(() => upstreams.status().length === 0, 'the connection is closed');
    expect(textOf(await call('echo', { message: 'again' }))).toBe('again');
    expect(upstreams.logs(server.mcpId).filter(({ text }) => text.startsWith('started'))).toHaveLength(2);
  });

  test('that is lost again and again is left alone for a while, and comes back', async () => {
    const { upstreams } = startUpstreams({ backoff: { firstMs: 150, maxMs: 1000 } });
    const server = misbehavingStdio();
    const call = (name: string) => upstreams.callTool(server, { name, arguments: { message: 'back' } }, soon);
    expect((await failureOf(call('die'))).code).toBe('upstream_disconnected');
    expect((await failureOf(call('die'))).code).toBe('upstream_disconnected');
    expect((await failureOf(call('echo'))).message).toMatch(/exit code 7.*; next try in/);
    expect(upstreams.status()).toMatchObject([{ state: 'backing_off' }]);
    await until(() => upstreams.status()[0]?.state !== 'backing_off', 'the pause is over');
    expect(textOf(await call('echo'))).toBe('back');
    expect(upstreams.status()).toMatchObject([{ state: 'connected' }]);
  });

  test('that is disconnected fails what is in flight', async () => {
    const http = await startMisbehavingHttp('json');
    onTestFinished(() => http.close());
    const { upstreams } = startUpstreams();
    for (const server of [misbehavingStdio(), target({ type: 'streamable-http', url: http.url })]) {
      const calling = failureOf(upstreams.callTool(server, { name: 'silent', arguments: {} }, soon));
      await until(() => upstreams.status().some(({ inFlight }) => inFlight === 1), 'the call is in flight');
      await upstreams.disconnect(server.mcpId);
      expect(await calling).toMatchObject({ code: 'upstream_disconnected', message: /was disconnected/ });
      expect(upstreams.status()).toEqual([]);
    }
  });

  test('that is being made when all is closed comes to nothing', async () => {
    const { upstreams } = startUpstreams();
    const server = misbehavingStdio('mute');
    const calling = failureOf(upstreams.callTool(server, { name: 'echo', arguments: {} }, soon));
    await until(() => upstreams.logs(server.mcpId).length > 0, 'the process runs');
    await upstreams.close();
    expect((await calling).code).toBe('upstream_disconnected');
    expect((await failureOf(upstreams.callTool(server, { name: 'echo', arguments: {} }, soon))).code).toBe(
      'upstream_disconnected',
    );
  });
});

test('a server without sessions is called without one', async () => {
  const fast = await startFastServer();
  onTestFinished(() => fast.close());
  const { upstreams } = startUpstreams();
  const server = target({ type: 'streamable-http', url: fast.url });
  const offer = await upstreams.discover(server, soon);
  expect(offer.tools.map(({ name }) => name)).toEqual(['echo', 'add']);
  const result = await upstreams.callTool(server, { name: 'add', arguments: { a: 2, b: 40 } }, soon);
  expect(result).toEqual({ content: [{ type: 'text', text: '{"sum":42}' }], structuredContent: { sum: 42 } });
});

describe('a URL', () => {
  test.each([
    ['ftp://127.0.0.1/', /only http and https/],
    ['http://user:secret@127.0.0.1/', /may not carry credentials/],
    ['not a URL', /cannot be read/],
  ])('%s is refused', async (url, reason) => {
    const { upstreams } = startUpstreams();
    for (const type of ['streamable-http', 'sse'] as const) {
      const error = await failureOf(upstreams.discover(target({ type, url }), soon));
      expect(error.code).toBe('upstream_refused');
      expect(error.message).toMatch(reason);
      expect(error.message).not.toContain('secret');
    }
  });
});

describe('a header', () => {
  test.each([
    { 'Mcp-Session-Id': 'mine' },
    { host: 'elsewhere' },
    { 'content-length': '1' },
    { 'x-split': 'a\r\nx-injected: b' },
    { 'bad name': 'x' },
  ])('%j is refused', async (headers) => {
    const { upstreams } = startUpstreams();
    const server = target({ type: 'streamable-http', url: 'http://127.0.0.1:9/', headers });
    expect((await failureOf(upstreams.discover(server, soon))).code).toBe('upstream_refused');
  });

  test('with a secret is sent in clear to the server, and to nobody else', async () => {
    const http = await startMisbehavingHttp('json');
    onTestFinished(() => http.close());
    const { upstreams, logged } = startUpstreams({
      resolveSecret: async ({ secret: id }) => ({ id, value: `clear-${id}` }),
    });
    const headers = { Authorization: { secret: 'token' } };
    await upstreams.discover(target({ type: 'streamable-http', url: http.url, headers }), soon);
    expect(http.seen.every(({ headers: { authorization } }) => authorization === 'clear-token')).toBe(true);
    expect(JSON.stringify(logged)).not.toContain('clear-token');
  });
});
