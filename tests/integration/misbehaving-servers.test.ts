import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { until } from '../http/support/until.ts';
import { startMisbehavingHttp, type MisbehavingHttp } from '../fixtures/misbehaving-http.ts';
import { ask, call, fail, history, register, succeed, textOf, type Execution } from './support/api.ts';
import { stdio } from './support/mcp-servers.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** What the server has seen. */
interface Seen {
  readonly pid: number;
  readonly cancelled: readonly { readonly requestId: unknown; readonly reason: unknown }[];
}

async function seen(mcpId: string): Promise<Seen> {
  return JSON.parse(textOf(await succeed(app, mcpId, 'memory'))) as Seen;
}

const tooLarge = { bytes: 20_000_000 };

/** Ways in which a call fails, and what each comes to. */
const failures: readonly [tool: string, given: object, more: object, status: number, code: string][] = [
  ['die', {}, {}, 502, 'upstream_disconnected'],
  ['silent', {}, { timeoutMs: 200 }, 504, 'execution_timed_out'],
  ['late', {}, { timeoutMs: 50 }, 504, 'execution_timed_out'],
  ['large', tooLarge, {}, 502, 'result_too_large'],
  ['largeIdFirst', tooLarge, {}, 502, 'result_too_large'],
  ['wrongResult', { result: 5 }, {}, 502, 'upstream_protocol_error'],
  ['wrongResult', { result: { content: 'text' } }, {}, 502, 'upstream_protocol_error'],
  ['wrongResult', { result: { content: [{ type: 'image' }] } }, {}, 502, 'upstream_protocol_error'],
  ['noResult', {}, {}, 502, 'upstream_protocol_error'],
  ['wrongError', {}, {}, 502, 'upstream_protocol_error'],
  ['fails', {}, {}, 502, 'upstream_error'],
  ['deep', {}, {}, 502, 'upstream_protocol_error'],
];

describe.each(['stdio', 'json', 'events'] as const)('a server that misbehaves, spoken to by %s', (kind) => {
  let mcpId: string;
  let overHttp: MisbehavingHttp | undefined;

  beforeAll(async () => {
    if (kind !== 'stdio') overHttp = await startMisbehavingHttp(kind);
    const transport = overHttp ? { type: 'streamable-http', url: overHttp.url } : stdio.misbehaving('well');
    const mcp = await register(app, `misbehaving-${kind}`, transport);
    expect(mcp.tools.length).toBeGreaterThan(10);
    mcpId = mcp.id;
  });
  afterAll(async () => overHttp?.close());

  afterEach(async () => {
    // Whatever came before: the next call works.
    expect(textOf(await succeed(app, mcpId, 'echo', { message: 'still there' }))).toBe('still there');
  });

  // Of a line without end nobody can tell which call it answers.
  const endless = ['endless', {}, {}, 502, kind === 'stdio' ? 'upstream_disconnected' : 'result_too_large'] as const;

  test.each([...failures, endless])(
    '%s %j: a failed execution',
    { timeout: 60_000 },
    async (tool, given, more, status, code) => {
      const { problem, execution, ...answer } = await fail(app, mcpId, tool, given, more);
      expect({ ...answer, code: problem.code }, problem.detail).toEqual({ status, code });
      const ended = status === 504 ? 'timed_out' : 'failed';
      expect(execution).toMatchObject({ status: ended, tool, error: { code, message: problem.detail } });
      const events = await history(app, `execution-${execution.id}`);
      const last = status === 504 ? 'ExecutionTimedOut' : 'ExecutionFailed';
      expect(events.map(({ type }) => type)).toEqual(['ExecutionRequested', 'ExecutionStarted', last]);
    },
  );

  const oddities: Readonly<Record<string, string>> = {
    twice: 'once',
    changes: 'changed',
    progresses: 'done',
    ...(kind === 'stdio' ? { garbage: 'after the garbage' } : {}),
    // One JSON document has no room for the answers to others.
    ...(kind === 'json' ? {} : { crossed: 'for me' }),
  };

  test.each(Object.entries(oddities))('%s: what it should not have said is passed over', async (tool, text) => {
    expect(textOf(await succeed(app, mcpId, tool))).toBe(text);
  });

  test('a call that is cancelled ends at once, and the server is told', async () => {
    const before = (await seen(mcpId)).cancelled.length;
    const answer = call(app, mcpId, 'silent', { as: 'to be cancelled' });
    const path = `/api/v1/executions?status=running&mcpId=${mcpId}`;
    let id: string | undefined;
    const isRunning = async () => {
      id = (await ask<{ items: Execution[] }>(app, 200, 'GET', path)).items[0]?.id;
      return id !== undefined;
    };
    await until(isRunning, 'the call runs', 30_000);
    const cancelled = await ask<Execution>(app, 200, 'POST', `/api/v1/executions/${id}/cancel`);
    expect(cancelled).toMatchObject({ id, status: 'cancelled', error: { code: 'execution_cancelled' } });
    expect(await answer).toMatchObject({ status: 200, body: { id, status: 'cancelled' } });
    await until(async () => (await seen(mcpId)).cancelled.length > before, 'the server is told', 30_000);
    const types = (await history(app, `execution-${id}`)).map(({ type }) => type);
    expect(types).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionCancelled']);
  });

  test(
    'calls at the same time get their own answers, whatever goes wrong with others',
    { timeout: 60_000 },
    async () => {
      const echoes = Array.from({ length: 30 }, (_, n) => succeed(app, mcpId, 'echo', { message: `number ${n}` }));
      const others = ['silent', 'late', 'twice', 'noResult', 'fails'].map((tool) =>
        call(app, mcpId, tool, {}, tool === 'silent' ? { timeoutMs: 300 } : {}),
      );
      const texts = (await Promise.all(echoes)).map(textOf);
      expect(texts).toEqual(echoes.map((_, n) => `number ${n}`));
      expect((await Promise.all(others)).map(({ status }) => status)).toEqual([504, 200, 200, 502, 502]);
    },
  );

  if (kind === 'stdio') {
    test('a server that died is started again for the next call', async () => {
      const { pid } = await seen(mcpId);
      expect((await fail(app, mcpId, 'die')).problem.detail).toContain('I have had enough');
      expect((await seen(mcpId)).pid).not.toBe(pid);
    });
  } else {
    test.each([500, 401, 302])('an answer of HTTP %i is a 502 that tells nothing of its body', async (status) => {
      overHttp?.failNext(status, { location: 'http://169.254.169.254/' });
      const { problem, ...answer } = await fail(app, mcpId, 'echo', { message: 'x' });
      expect(answer.status).toBe(502);
      expect(problem.code).toMatch(/^upstream_(unavailable|protocol_error)$/);
      expect(problem.detail).toContain(String(status));
      expect(JSON.stringify(problem)).not.toContain('internal detail');
    });
  }
});

describe('a server that does not even start', () => {
  test('is registered, says why it was not asked, and fails its calls', async () => {
    const mcp = await register(app, 'exits', stdio.misbehaving('exits'));
    expect(mcp).toMatchObject({ version: 1, tools: [], discovery: { status: 'failed' } });
    expect(mcp.discovery.error?.message).toContain('cannot read my configuration');
    const { status, problem, execution } = await fail(app, mcp.id, 'echo');
    expect({ status, code: problem.code }).toEqual({ status: 502, code: 'upstream_unavailable' });
    expect(execution).toMatchObject({ status: 'failed', error: { code: 'upstream_unavailable' } });
  });

  test('because its command is not allowed is refused, and nothing is registered', async () => {
    const body = { name: 'shell', transport: { type: 'stdio', command: 'bash', args: ['-c', 'true'] } };
    const reply = await app.request('POST', '/api/v1/mcps', { body });
    expect(reply).toMatchObject({ status: 422, body: { code: 'command_not_allowed' } });
    expect(JSON.stringify(reply.body)).toContain('ANNALS_STDIO_ALLOW');
    expect((await app.request('GET', '/api/v1/mcps/shell')).status).toBe(404);
  });
});

test('a request body of 20 MB is refused with 413, and recorded nowhere', { timeout: 60_000 }, async () => {
  const before = await app.head();
  const { id } = await ask<{ id: string }>(app, 200, 'GET', '/api/v1/mcps/misbehaving-stdio');
  const body = { mcpId: id, tool: 'echo', arguments: { message: 'x'.repeat(20_000_000) } };
  const reply = await app.request('POST', '/api/v1/executions', { body });
  expect(reply).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  expect(await app.head()).toBe(before);
});
