import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ResolveSecret } from '../../src/ports/secret-use.ts';
import type { CallOptions, UpstreamTarget, Upstreams } from '../../src/ports/upstream.ts';
import { failureOf, misbehavingStdio, startUpstreams, textOf, until } from './support.ts';

const soon: CallOptions = { timeoutMs: 10_000 };

function caller(upstreams: Upstreams, server: UpstreamTarget) {
  const call = (name: string, args: Record<string, unknown> = {}, options = soon) =>
    upstreams.callTool(server, { name, arguments: args }, options);
  return {
    call,
    echo: async () => textOf(await call('echo', { message: 'still here' })),
    memory: async () => JSON.parse(textOf(await call('memory'))),
  };
}

function start(options = {}) {
  const { upstreams, logged } = startUpstreams(options);
  const server = misbehavingStdio();
  return { upstreams, logged, server, ...caller(upstreams, server) };
}

const kinds = (logged: readonly { readonly kind: unknown }[]) => logged.map(({ kind }) => kind);

describe('a stdio server', () => {
  test('offers all pages of what it says it has', async () => {
    const { upstreams, server } = start();
    const offer = await upstreams.discover(server, soon);
    expect(offer.tools.length).toBeGreaterThan(12);
    expect(new Set(offer.tools.map(({ name }) => name)).size).toBe(offer.tools.length);
    expect(offer.resources).toEqual([{ name: 'one', uri: 'memory://one' }]);
    // Both are announced, and asking for them is answered "method not found".
    expect(offer.prompts).toEqual([]);
    expect(offer.resourceTemplates).toEqual([]);
    expect(offer.server).toEqual({ name: 'misbehaving', version: '0.1.0', protocolVersion: '2025-11-25' });
  });

  test('that dies in the middle of a call fails it with its last words, and the next call works', async () => {
    const { upstreams, call, echo, memory, server } = start();
    const { pid } = await memory();
    const error = await failureOf(call('die'));
    expect(error.code).toBe('upstream_disconnected');
    expect(error.message).toMatch(/exit code 7.*I have had enough/);
    expect(await echo()).toBe('still here');
    expect((await memory()).pid).not.toBe(pid);
    expect(upstreams.logs(server.mcpId).map(({ text }) => text)).toContain('I have had enough');
  });

  test('that prints garbage is understood all the same, and the garbage is kept as logs', async () => {
    const { upstreams, logged, call, echo, server } = start();
    expect(textOf(await call('garbage'))).toBe('after the garbage');
    expect(await echo()).toBe('still here');
    const logs = upstreams.logs(server.mcpId).map(({ text }) => text);
    expect(logs).toContain('[stdout] Listening on port 3000...');
    expect(kinds(logged)).toEqual(expect.arrayContaining(['not_json', 'not_json_rpc']));
  });

  test('that never answers is told to stop, and the next call works', async () => {
    const { call, echo, memory } = start();
    await echo();
    const error = await failureOf(call('silent', {}, { timeoutMs: 60 }));
    expect(error).toMatchObject({ code: 'execution_timed_out', message: expect.stringContaining('60 ms') });
    expect(await echo()).toBe('still here');
    expect((await memory()).cancelled).toEqual([{ requestId: expect.any(Number), reason: 'timed out' }]);
  });

  test('is told when the caller gives up', async () => {
    const { call, memory, upstreams } = start();
    await memory();
    const abort = new AbortController();
    const calling = failureOf(call('silent', {}, { ...soon, signal: abort.signal }));
    await until(() => upstreams.status()[0]?.inFlight === 1, 'the call is in flight');
    abort.abort();
    expect((await calling).code).toBe('execution_cancelled');
    expect((await memory()).cancelled).toEqual([{ requestId: expect.any(Number), reason: 'cancelled by the caller' }]);
    expect((await failureOf(call('echo', {}, { ...soon, signal: abort.signal }))).code).toBe('execution_cancelled');
  });

  test.each(['large', 'largeIdFirst'])('that answers 20 MB (%s) fails that call only', async (tool) => {
    const { call, echo } = start();
    await echo();
    const others = Array.from({ length: 5 }, () => echo());
    const error = await failureOf(call(tool, { bytes: 20 * 1024 * 1024 }));
    expect(error).toMatchObject({
      code: 'result_too_large',
      message: expect.stringContaining(String(16 * 1024 * 1024)),
    });
    expect(await Promise.all(others)).toEqual(others.map(() => 'still here'));
    expect(await echo()).toBe('still here');
  });

  test('may answer as much as is allowed', async () => {
    const { call } = start();
    expect(textOf(await call('large', { bytes: 3_000_000 }))).toHaveLength(3_000_000);
  });

  test('that prints a line without end is ended, and the next call works', async () => {
    const { call, echo } = start({ maxResultBytes: 256 * 1024 });
    await echo();
    const error = await failureOf(call('endless'));
    expect(error).toMatchObject({
      code: 'upstream_disconnected',
      message: expect.stringContaining('line without end'),
    });
    expect(await echo()).toBe('still here');
  });

  test('that answers twice has its second answer ignored', async () => {
    const { logged, call, echo } = start();
    expect(textOf(await call('twice'))).toBe('once');
    expect(await echo()).toBe('still here');
    expect(kinds(logged)).toEqual(['stray_answer']);
  });

  test('that answers too late has its answer ignored', async () => {
    const { logged, call, echo } = start();
    await echo();
    expect((await failureOf(call('late', {}, { timeoutMs: 30 }))).code).toBe('execution_timed_out');
    await until(() => logged.length > 0, 'the late answer has come');
    expect(kinds(logged)).toEqual(['stray_answer']);
    expect(await echo()).toBe('still here');
  });

  test('that answers for nobody crosses nobody', async () => {
    const { logged, call } = start();
    expect(textOf(await call('crossed'))).toBe('for me');
    expect(kinds(logged)).toEqual(['stray_answer']);
  });

  test.each([
    ['text', /not an object/],
    [null, /not an object/],
    [{}, /no list of content/],
    [{ content: 'text' }, /no list of content/],
    [{ content: [{ text: 'no type' }] }, /no type at content 0/],
    [{ content: [{ type: 'text' }] }, /lacks the text text at content 0/],
    [{ content: [{ type: 'image', data: 'AA' }] }, /lacks the text mimeType/],
    [{ content: [{ type: 'resource', resource: {} }] }, /no resource at content 0/],
    [{ content: [], isError: 'no' }, /isError/],
    [{ content: [], structuredContent: 'x' }, /structured content/],
  ])('that answers the result %j is told off, and the next call works', async (result, reason) => {
    const { call, echo } = start();
    const error = await failureOf(call('wrongResult', { result }));
    expect(error.code).toBe('upstream_protocol_error');
    expect(error.message).toMatch(reason);
    expect(await echo()).toBe('still here');
  });

  test('may answer with what is not known yet', async () => {
    const { call } = start();
    const result = {
      content: [{ type: 'hologram', beams: 3 }],
      structuredContent: { a: 1 },
      _meta: { cost: 2 },
      more: true,
    };
    expect(await call('wrongResult', { result })).toEqual(result);
    expect(await call('wrongResult', { result: { structuredContent: {} } })).toEqual({
      content: [],
      structuredContent: {},
    });
  });

  test.each([
    ['noResult', 'upstream_protocol_error', /neither a result nor an error/],
    ['wrongError', 'upstream_protocol_error', /not an object/],
    ['deep', 'upstream_protocol_error', /nested deeper/],
    ['fails', 'upstream_error', /-32602: no such thing/],
    ['unknown', 'upstream_error', /unknown tool/],
  ] as const)('whose tool %s fails fails as %s', async (tool, code, reason) => {
    const { call, echo } = start();
    const error = await failureOf(call(tool));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(reason);
    expect(await echo()).toBe('still here');
  });

  test('tells of progress to those who want it', async () => {
    const { upstreams, server, logged, call } = start();
    const seen: unknown[] = [];
    const options = { ...soon, onProgress: (step: unknown) => seen.push(step) };
    await upstreams.callTool(server, { name: 'progresses', arguments: {} }, options);
    expect(seen).toEqual([1, 2].map((progress) => ({ progress, total: 2, message: `step ${progress}` })));
    expect(textOf(await call('progresses'))).toBe('nobody asked');
    expect(new Set(kinds(logged))).toEqual(new Set(['stray_progress']));
  });

  test('survives a listener for progress that fails', async () => {
    const { upstreams, server, logged } = start();
    const onProgress = () => {
      throw new Error('not listening');
    };
    const result = await upstreams.callTool(server, { name: 'progresses', arguments: {} }, { ...soon, onProgress });
    expect(textOf(result)).toBe('done');
    expect(kinds(logged)).toContain('progress_listener');
  });

  test('gets its pings answered and its other requests refused', async () => {
    const { call } = start();
    const replies = JSON.parse(textOf(await call('asks')));
    const refused = (method: string) => ({ id: `server-${method}`, error: { code: -32601 } });
    expect(replies).toMatchObject([
      { id: 'server-ping', result: {} },
      refused('roots/list'),
      refused('sampling/createMessage'),
      refused('elicitation/create'),
    ]);
  });

  test('that announces changed lists several times at once is heard once', async () => {
    const { upstreams, server, call } = start();
    const heard: UpstreamTarget[] = [];
    upstreams.onListChanged(() => {
      throw new Error('a broken listener');
    });
    upstreams.onListChanged((target) => heard.push(target));
    await call('changes');
    await call('changes');
    await until(() => heard.length > 0, 'the change is heard');
    expect(heard).toEqual([server]);
  });
});

describe('a stdio server that does not come up', () => {
  test('because it ends at once tells its last words, and is left alone for a while', async () => {
    const { upstreams } = startUpstreams({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    const server = misbehavingStdio('exits');
    const { call } = caller(upstreams, server);
    const error = await failureOf(call('echo'));
    expect(error.code).toBe('upstream_unavailable');
    expect(error.message).toMatch(/handshake failed.*exit code 3.*cannot read my configuration/);
    const paused = await failureOf(call('echo'));
    expect(paused.code).toBe('upstream_unavailable');
    expect(paused.message).toMatch(/exit code 3.*; next try in \d+\.\d s \(\d{4}-/);
    expect(upstreams.status()).toMatchObject([
      { state: 'backing_off', lastError: expect.stringContaining('exit code 3') },
    ]);
  });

  test('because it never finishes the handshake fails the call in time', async () => {
    const { upstreams } = startUpstreams({ handshakeTimeoutMs: 150 });
    const { call } = caller(upstreams, misbehavingStdio('mute'));
    const impatient = failureOf(call('echo', {}, { timeoutMs: 50 }));
    const patient = failureOf(call('echo'));
    expect(await impatient).toMatchObject({
      code: 'execution_timed_out',
      message: expect.stringContaining('connecting'),
    });
    expect(await patient).toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringMatching(/handshake failed.*within 150 ms|timed out/),
    });
  });

  test('because it answers the handshake with a line that is too long says so', async () => {
    const { upstreams } = startUpstreams({ maxResultBytes: 100 });
    const { call } = caller(upstreams, misbehavingStdio());
    expect(await failureOf(call('echo'))).toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringContaining('a line that is too long'),
    });
  });

  test('because there is no such program says so', async () => {
    const { upstreams } = startUpstreams({ stdioAllow: ['no-such-program'] });
    const server = { ...misbehavingStdio(), transport: { type: 'stdio' as const, command: 'no-such-program' } };
    const { call } = caller(upstreams, server);
    expect(await failureOf(call('echo'))).toMatchObject({
      code: 'upstream_unavailable',
      message: expect.stringMatching(/"no-such-program" cannot be started.*ENOENT/),
    });
  });
});

describe('the process of a stdio server', () => {
  test('sees the named variables and little else, and secrets are blacked out of what it writes', async () => {
    const resolveSecret: ResolveSecret = async ({ secret: id }) => ({ id, value: `value-of-${id}` });
    const { upstreams } = startUpstreams({ resolveSecret, environment: { ...process.env, ANNALS_JWT_SECRET: 'ours' } });
    const server = misbehavingStdio();
    const env = { ECHO_TO_STDERR: { secret: 'api-key' } };
    const { echo } = caller(upstreams, {
      ...server,
      transport: { ...server.transport, env } as UpstreamTarget['transport'],
    });
    expect(await echo()).toBe('still here');
    const logs = () => upstreams.logs(server.mcpId).map(({ text }) => text);
    await until(() => logs().length >= 2, 'both lines have come');
    expect(logs()).toEqual(['started with ECHO_TO_STDERR HOME LANG PATH TMPDIR', 'told [secret]']);
  });

  test('that ends at once does not carry a secret into the error', async () => {
    const { upstreams } = startUpstreams({ resolveSecret: async ({ secret: id }) => ({ id, value: 'very-secret' }) });
    const server = misbehavingStdio('exits');
    const transport = {
      ...server.transport,
      env: { ECHO_TO_STDERR: { secret: 'key' } },
    } as UpstreamTarget['transport'];
    const { call } = caller(upstreams, { ...server, transport });
    expect((await failureOf(call('echo'))).message).toContain('cannot read my configuration [secret]');
  });

  test('is not started when a secret cannot be had', async () => {
    const { upstreams } = startUpstreams();
    const server = misbehavingStdio();
    const transport = { ...server.transport, env: { KEY: { secret: 'api-key' } } } as UpstreamTarget['transport'];
    const { call } = caller(upstreams, { ...server, transport });
    expect(await failureOf(call('echo'))).toMatchObject({
      code: 'upstream_refused',
      message: expect.stringContaining('there is no store of secrets here'),
    });
    expect(upstreams.logs(server.mcpId)).toEqual([]);
  });

  test('is ended with all it started, however stubborn', async () => {
    const { upstreams } = startUpstreams();
    const server = misbehavingStdio('stubborn');
    const { memory } = caller(upstreams, server);
    const { pid } = await memory();
    const line = upstreams.logs(server.mcpId).find(({ text }) => text.startsWith('child '));
    const child = Number(line?.text.slice('child '.length));
    expect([isAlive(pid), isAlive(child)]).toEqual([true, true]);
    await upstreams.disconnect(server.mcpId);
    await until(() => !isAlive(pid) && !isAlive(child), 'both are gone');
    expect(upstreams.status()).toEqual([]);
  });
});

/** Whether a process runs; one that has ended and waits to be reaped does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
