import { expect, onTestFinished, test } from 'vitest';
import { startStatelessHttp } from '../fixtures/stateless-http.ts';
import { failureOf, startUpstreams, target, textOf } from './support.ts';

test('a server of the revision without handshake is discovered and called in its own way', async () => {
  const http = await startStatelessHttp();
  onTestFinished(() => http.close());
  const { upstreams } = startUpstreams();
  const server = target({ type: 'streamable-http', url: http.url });
  const offer = await upstreams.discover(server, { timeoutMs: 10_000 });
  expect(offer.server).toEqual({ name: 'stateless', version: '3.0.0', protocolVersion: '2026-07-28' });
  expect(offer.tools.map(({ name }) => name)).toEqual(['echo', 'grüße', 'asks']);
  const call = (name: string) => upstreams.callTool(server, { name, arguments: { a: 1 } }, { timeoutMs: 10_000 });
  expect(textOf(await call('echo'))).toBe('echo: {"a":1}');
  expect(await call('grüße')).toEqual({ content: [{ type: 'text', text: 'grüße: {"a":1}' }] });
  const error = await failureOf(call('asks'));
  expect(error).toMatchObject({ code: 'upstream_protocol_error', message: expect.stringContaining('input_required') });
  // Only the handshake of the earlier revisions was refused.
  expect(http.refused).toEqual(['unsupported protocol version']);
});
