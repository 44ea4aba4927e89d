import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { until } from './support/until.ts';

let app: TestApp;
let tools: ToolServer;
let mcpId: string;

interface Execution {
  readonly id: string;
  readonly status: string;
  readonly result?: { readonly content: readonly { readonly text: string }[] };
  readonly error?: { readonly code: string };
  readonly replayOf?: string;
}

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  const reply = await app.request('POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
  expect(reply).toMatchObject({ status: 201, body: { tools: [{ name: 'echo' }, {}, {}, {}] } });
  mcpId = (reply.body as { id: string }).id;
});

afterAll(async () => {
  tools.release();
  await app.close();
  await tools.close();
});

const call = (tool: string, more: object = {}, headers = {}) =>
  app.request('POST', '/api/v1/executions', { body: { mcpId, tool, ...more }, headers });

test('a call is answered with the execution, which can be read again', async () => {
  const reply = await call('echo', { arguments: { message: 'hello' } });
  expect(reply.status).toBe(200);
  expect(reply.body).toMatchObject({ status: 'succeeded', result: { content: [{ type: 'text', text: 'hello' }] } });
  const location = reply.headers.get('location') ?? '';
  const again = await app.request('GET', location);
  expect(again.body).toEqual(reply.body);
  expect(again.headers.get('etag')).toBe(reply.headers.get('etag'));
});

test('an mcp can be called by its name', async () => {
  const reply = await call('echo', { mcpId: 'TOOLS', arguments: { message: 'by name' } });
  expect(reply).toMatchObject({ status: 200, body: { mcpId, status: 'succeeded' } });
});

test('a tool that answers an error is answered with 200 and a failed execution', async () => {
  const reply = await call('fail');
  expect(reply.status).toBe(200);
  expect(reply.body).toMatchObject({ status: 'failed', error: { code: 'tool_error', message: 'it did not work' } });
});

test('arguments that do not fit are a problem with pointers, and leave their execution', async () => {
  const reply = await call('echo', { arguments: { message: 7, other: true } });
  expect(reply.status).toBe(422);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  const problem = reply.body as { code: string; errors: { pointer: string }[]; executionId: string };
  expect(problem.code).toBe('invalid_arguments');
  expect(problem.errors.map(({ pointer }) => pointer)).toEqual(
    expect.arrayContaining(['/arguments/message', '/arguments/other']),
  );
  const kept = await app.request('GET', `/api/v1/executions/${problem.executionId}`);
  expect(kept).toMatchObject({ status: 200, body: { status: 'failed', error: { code: 'invalid_arguments' } } });
  expect(reply.headers.get('location')).toBe(`/api/v1/executions/${problem.executionId}`);
});

test('a call that takes too long is a 504, and leaves its execution', async () => {
  const reply = await call('wait', { timeoutMs: 50 });
  expect(reply).toMatchObject({ status: 504, body: { code: 'execution_timed_out' } });
  const { executionId } = reply.body as { executionId: string };
  const kept = await app.request('GET', `/api/v1/executions/${executionId}`);
  expect(kept).toMatchObject({ status: 200, body: { status: 'timed_out' } });
  tools.release();
});

test('a server that cannot be reached is a 502, and leaves its execution', async () => {
  const transport = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
  const registered = await app.request('POST', '/api/v1/mcps', { body: { name: 'gone', transport } });
  expect(registered).toMatchObject({ status: 201, body: { discovery: { status: 'failed' }, tools: [] } });
  const { id } = registered.body as { id: string };
  const reply = await call('echo', { mcpId: id, arguments: { message: 'x' } });
  expect(reply).toMatchObject({ status: 502, body: { code: 'upstream_unavailable' } });
  const { executionId } = reply.body as { executionId: string };
  expect((await app.request('GET', `/api/v1/executions/${executionId}`)).body).toMatchObject({ status: 'failed' });
});

test('an unknown mcp, tool or version is a 404', async () => {
  expect(await call('echo', { mcpId: 'nobody' })).toMatchObject({ status: 404, body: { code: 'mcp_not_found' } });
  expect(await call('nothing')).toMatchObject({ status: 404, body: { code: 'tool_not_found' } });
  expect(await call('echo', { version: 99 })).toMatchObject({ status: 404, body: { code: 'version_not_found' } });
});

test('asynchronous calls say plainly that they are not implemented', async () => {
  const before = await app.head();
  const reply = await call('echo', { mode: 'async', arguments: { message: 'later' } });
  expect(reply).toMatchObject({ status: 501, body: { code: 'not_implemented', errors: [{ pointer: '/mode' }] } });
  expect(await app.head()).toBe(before);
});

test('a running call can be cancelled, and its caller is told', async () => {
  const running = call('wait');
  await until(() => tools.waiting > 0, 'the tool was called');
  const runningOnes = async () => {
    const { body } = await app.request('GET', '/api/v1/executions?status=running');
    return (body as { items: Execution[] }).items;
  };
  await until(async () => (await runningOnes()).length > 0, 'the running call is listed');
  const id = (await runningOnes())[0]?.id;
  const cancelled = await app.request('POST', `/api/v1/executions/${id}/cancel`);
  expect(cancelled).toMatchObject({ status: 200, body: { id, status: 'cancelled' } });
  expect(await running).toMatchObject({ status: 200, body: { id, status: 'cancelled' } });
  expect(await app.request('POST', `/api/v1/executions/${id}/cancel`)).toMatchObject({ status: 200 });
  tools.release();
});

test('a call that has ended cannot be cancelled', async () => {
  const { id } = (await call('echo', { arguments: { message: 'done' } })).body as Execution;
  const reply = await app.request('POST', `/api/v1/executions/${id}/cancel`);
  expect(reply).toMatchObject({ status: 409, body: { code: 'execution_finished' } });
});

test('an execution can be run again, on the version it ran on', async () => {
  const first = (await call('echo', { arguments: { message: 'again' } })).body as Execution;
  const reply = await app.request('POST', `/api/v1/executions/${first.id}/replay`);
  expect(reply).toMatchObject({ status: 200, body: { status: 'succeeded', replayOf: first.id, mcpVersion: 1 } });
  expect((reply.body as Execution).result).toEqual(first.result);
});

test('a large result is answered whole, and stands in lists by reference', async () => {
  const { id, result } = (await call('large')).body as Execution;
  expect(result?.content[0]?.text.length).toBe(200_000);
  const again = (await app.request('GET', `/api/v1/executions/${id}`)).body as Execution;
  expect(again.result).toEqual(result);
  const { items } = (await app.request('GET', '/api/v1/executions?limit=1')).body as { items: object[] };
  expect(items[0]).toMatchObject({ id, result: null, resultRef: { size: expect.any(Number) as number } });
});

test('executions are found by words of what was asked and answered', async () => {
  const { id } = (await call('echo', { arguments: { message: 'a rare marmalade' } })).body as Execution;
  const found = async () => {
    const { body } = await app.request('GET', '/api/v1/executions?q=rare%20marmalade');
    return (body as { items: Execution[] }).items.map((item) => item.id);
  };
  await until(async () => (await found()).length > 0, 'the words are indexed');
  expect(await found()).toEqual([id]);
});
