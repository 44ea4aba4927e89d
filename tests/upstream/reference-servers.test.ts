import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSchemaValidator } from '../../src/mcp/schema/schema-validator.ts';
import type { Progress, UpstreamTarget } from '../../src/ports/upstream.ts';
import { startEverythingOverHttp } from './everything-over-http.ts';
import { failureOf, referenceServer, startUpstreams, target, textOf, until } from './support.ts';

function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'annals-upstream-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const transports = {
  stdio: async () => target({ type: 'stdio', command: 'node', args: [referenceServer('everything'), 'stdio'] }),
  'streamable HTTP': async () =>
    target({ type: 'streamable-http', url: await startEverythingOverHttp('streamableHttp') }),
  'HTTP with server-sent events': async () => target({ type: 'sse', url: await startEverythingOverHttp('sse') }),
} satisfies Record<string, () => Promise<UpstreamTarget>>;

describe.each(Object.entries(transports))('server-everything over %s', (_, makeTarget) => {
  test('is discovered and called', async () => {
    const { upstreams } = startUpstreams();
    const everything = await makeTarget();
    const offer = await upstreams.discover(everything, { timeoutMs: 20_000 });
    expect(offer.server).toMatchObject({ name: 'mcp-servers/everything', protocolVersion: '2025-11-25' });
    expect(offer.tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'get-sum', 'get-tiny-image']));
    expect(offer.prompts.length).toBeGreaterThan(0);
    expect(offer.resources.length).toBeGreaterThan(0);
    expect(offer.resourceTemplates.length).toBeGreaterThan(0);

    const call = (name: string, args: Record<string, unknown>) =>
      upstreams.callTool(everything, { name, arguments: args }, { timeoutMs: 10_000 });
    expect(textOf(await call('echo', { message: 'Grüezi 你好' }))).toBe('Echo: Grüezi 你好');

    const structured = await call('get-structured-content', { location: 'Chicago' });
    const tool = offer.tools.find(({ name }) => name === 'get-structured-content');
    expect(createSchemaValidator().validate(tool?.outputSchema ?? { not: {} }, structured.structuredContent)).toEqual(
      [],
    );
    expect(structured.structuredContent).toMatchObject({ conditions: expect.any(String) });

    const { content: image } = await call('get-tiny-image', {});
    expect(image).toContainEqual(
      expect.objectContaining({ type: 'image', mimeType: 'image/png', data: expect.any(String) }),
    );

    const { content: embedded } = await call('get-resource-reference', { resourceType: 'Text', resourceId: 1 });
    expect(embedded).toContainEqual(
      expect.objectContaining({ type: 'resource', resource: expect.objectContaining({ uri: expect.any(String) }) }),
    );
    const { content: links } = await call('get-resource-links', { count: 2 });
    expect(links.filter(({ type }) => type === 'resource_link')).toHaveLength(2);

    const progress: Progress[] = [];
    const long = await upstreams.callTool(
      everything,
      { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } },
      { timeoutMs: 10_000, onProgress: (step) => progress.push(step) },
    );
    expect(textOf(long)).toContain('completed');
    expect(progress).toEqual([1, 2, 3].map((step) => ({ progress: step, total: 3 })));

    const timedOut = await failureOf(
      upstreams.callTool(
        everything,
        { name: 'trigger-long-running-operation', arguments: { duration: 5, steps: 5 } },
        { timeoutMs: 100 },
      ),
    );
    expect(timedOut.code).toBe('execution_timed_out');
    expect(textOf(await call('get-sum', { a: 2, b: 40 }))).toContain('42');
    // The server says what is wrong with a call in its result, and that is a result.
    expect(await call('get-sum', { a: 'two', b: 40 })).toMatchObject({ isError: true });
    expect(upstreams.status()).toMatchObject([{ state: 'connected', inFlight: 0 }]);
  });
});

test('server-filesystem reads and writes in its directory, and its refusals are results', async () => {
  const { upstreams } = startUpstreams();
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'note.txt'), 'remember the milk');
  const files = target({ type: 'stdio', command: 'node', args: [referenceServer('filesystem'), directory] });
  const call = (name: string, args: Record<string, unknown>) =>
    upstreams.callTool(files, { name, arguments: args }, { timeoutMs: 20_000 });
  const offer = await upstreams.discover(files, { timeoutMs: 20_000 });
  expect(offer.tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['read_text_file', 'write_file']));
  expect(textOf(await call('read_text_file', { path: join(directory, 'note.txt') }))).toBe('remember the milk');
  await call('write_file', { path: join(directory, 'new.txt'), content: 'written' });
  await expect(readFile(join(directory, 'new.txt'), 'utf8')).resolves.toBe('written');
  expect(await call('read_text_file', { path: '/etc/hostname' })).toMatchObject({ isError: true });
});

test('server-memory keeps what it was told between calls', async () => {
  const { upstreams } = startUpstreams();
  const memory = target({
    type: 'stdio',
    command: 'node',
    args: [referenceServer('memory')],
    env: { MEMORY_FILE_PATH: join(temporaryDirectory(), 'memory.jsonl') },
  });
  const call = (name: string, args: Record<string, unknown>) =>
    upstreams.callTool(memory, { name, arguments: args }, { timeoutMs: 20_000 });
  await call('create_entities', {
    entities: [{ name: 'Ada', entityType: 'person', observations: ['writes programs'] }],
  });
  const { structuredContent } = await call('read_graph', {});
  expect(structuredContent).toMatchObject({ entities: [{ name: 'Ada', observations: ['writes programs'] }] });
});

test('what server-everything writes to standard error is kept', async () => {
  const { upstreams } = startUpstreams();
  const everything = await transports.stdio();
  await upstreams.callTool(everything, { name: 'echo', arguments: { message: 'x' } }, { timeoutMs: 20_000 });
  await until(() => upstreams.logs(everything.mcpId).length > 0, 'the server has written something');
  expect(upstreams.logs(everything.mcpId)[0]).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    text: expect.stringContaining('STDIO'),
  });
});
