import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { until } from '../http/support/until.ts';
import { ask, call, fail, history, register, succeed, textOf, type Execution, type Mcp } from './support/api.ts';
import { startEverythingHttp, stdio, type RunningServer } from './support/mcp-servers.ts';
import { openFeed, type Frame } from './support/sse.ts';

let app: TestApp;
let directory: string;
let overHttp: RunningServer;

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'annals-real-')));
  const dataDir = join(directory, 'data');
  [app, overHttp] = await Promise.all([startTestApp({ env: { ANNALS_DATA_DIR: dataDir } }), startEverythingHttp()]);
}, 60_000);

afterAll(async () => {
  await app.close();
  await overHttp.stop();
  rmSync(directory, { recursive: true });
});

async function runningExecution(mcpId: string): Promise<Execution> {
  const path = `/api/v1/executions?status=running&mcpId=${mcpId}`;
  let found: Execution | undefined;
  await until(
    async () => {
      [found] = (await ask<{ items: Execution[] }>(app, 200, 'GET', path)).items;
      return found !== undefined;
    },
    'the call runs',
    30_000,
  );
  if (!found) throw new Error('no call runs');
  return found;
}

/** Every message about a topic, until there is nothing more to come. */
function followBySocket(topic: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const headers = { Authorization: `Bearer ${app.adminToken}` };
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws`, { headers });
  const messages: Readonly<Record<string, unknown>>[] = [];
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ subscribe: { topic } })));
    socket.on('close', () => resolve(messages));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Readonly<Record<string, unknown>>;
      messages.push(message);
      if ('unsubscribed' in message) socket.close();
    });
  });
}

describe.each(['stdio', 'streamable-http'] as const)('server-everything by %s', (kind) => {
  let mcp: Mcp;

  beforeAll(async () => {
    const transport = kind === 'stdio' ? stdio.everything : { type: kind, url: overHttp.url };
    mcp = await register(app, `everything-${kind}`, transport);
  }, 60_000);

  test('is asked at registration for its tools, prompts and resources', async () => {
    expect(mcp).toMatchObject({ status: 'active', version: 1, discovery: { status: 'discovered' } });
    expect(mcp.tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'get-structured-content']));

    const tools = await ask<{ items: { name: string }[] }>(app, 200, 'GET', `/api/v1/mcps/${mcp.id}/tools`);
    expect(tools.items.find(({ name }) => name === 'get-structured-content')).toMatchObject({
      inputSchema: { type: 'object', properties: { location: { enum: ['New York', 'Chicago', 'Los Angeles'] } } },
      outputSchema: { type: 'object', properties: { temperature: { type: 'number' } } },
    });
    for (const list of ['prompts', 'resources']) {
      const { items } = await ask<{ items: object[] }>(app, 200, 'GET', `/api/v1/mcps/${mcp.name}/${list}`);
      expect(items.length, list).toBeGreaterThan(0);
    }
    const version = await ask(app, 200, 'GET', `/api/v1/mcps/${mcp.id}/versions/1`);
    expect(version).toMatchObject({ server: { name: expect.stringContaining('everything') as string } });
  });

  test('answers text', async () => {
    expect(textOf(await succeed(app, mcp.id, 'echo', { message: 'hello 你好' }))).toContain('hello 你好');
    expect(textOf(await succeed(app, mcp.id, 'get-sum', { a: 2, b: 40 }))).toContain('42');
  });

  test('answers structured content, which is kept as it came', async () => {
    const answered = await succeed(app, mcp.id, 'get-structured-content', { location: 'Chicago' });
    const weather = { temperature: 36, conditions: 'Light rain / drizzle', humidity: 82 };
    expect(answered.result?.structuredContent).toEqual(weather);
    const kept = await ask<Execution>(app, 200, 'GET', `/api/v1/executions/${answered.id}`);
    expect(kept).toEqual(answered);
  });

  test('answers an image and embedded resources', async () => {
    const image = (await succeed(app, mcp.id, 'get-tiny-image')).result?.content[1];
    expect(image).toMatchObject({ type: 'image', mimeType: 'image/png' });
    const png = Buffer.from(String(image?.['data']), 'base64');
    expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));

    for (const [resourceType, field] of Object.entries({ Text: 'text', Blob: 'blob' })) {
      const given = { resourceType, resourceId: 3 };
      const { result } = await succeed(app, mcp.id, 'get-resource-reference', given);
      expect(result?.content[1], resourceType).toMatchObject({
        type: 'resource',
        resource: { uri: expect.stringContaining('3') as string, [field]: expect.stringMatching(/./) as string },
      });
    }
    const links = (await succeed(app, mcp.id, 'get-resource-links', { count: 3 })).result?.content ?? [];
    expect(links.filter(({ type }) => type === 'resource_link')).toHaveLength(3);
  });

  test('is not asked when the arguments do not fit', async () => {
    const refused = await fail(app, mcp.id, 'get-structured-content', { location: 'Atlantis' });
    expect(refused).toMatchObject({
      status: 422,
      problem: { code: 'invalid_arguments', errors: [{ pointer: '/arguments/location' }] },
      execution: { status: 'failed', error: { code: 'invalid_arguments' } },
    });
  });

  test('has an error of its own told as a failed execution, answered with 200', async () => {
    const reply = await call(app, mcp.id, 'get-resource-reference', { resourceType: 'Text', resourceId: -1 });
    expect(reply).toMatchObject({ status: 200, body: { status: 'failed', error: { code: 'tool_error' } } });
  });

  test('tells its progress to who follows the execution', { timeout: 60_000 }, async () => {
    const steps = 30;
    const answer = call(app, mcp.id, 'trigger-long-running-operation', { duration: 3, steps });
    const { id } = await runningExecution(mcp.id);
    const feed = await openFeed(app, `/api/v1/executions/${id}/stream`);
    const messages = followBySocket(`executions/${id}`);
    const frames: Frame[] = [];
    for await (const frame of feed.frames()) frames.push(frame);

    expect((await answer).body).toMatchObject({ id, status: 'succeeded' });
    const events = frames.filter(({ event }) => event !== 'progress');
    expect(events.map(({ event }) => event)).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionSucceeded']);
    const progress = frames.filter(({ event }) => event === 'progress');
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.every((frame) => frame.id === undefined)).toBe(true);
    const done = progress.map(({ data }) => (data as { progress: number; total: number }).progress);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(progress[0]?.data).toMatchObject({ total: steps });
    const told = await messages;
    expect(told.filter((message) => 'event' in message)).toHaveLength(3);
    expect(told.find((message) => 'progress' in message)).toMatchObject({ progress: { total: steps } });
    // It passes: the record has the three events and nothing else.
    expect(await history(app, `execution-${id}`)).toHaveLength(3);
  });
});

test('a program gets nothing of the platform’s own environment', async () => {
  const { id } = await register(app, 'environment', { ...stdio.everything, env: { GREETING: 'hello' } });
  const environment = JSON.parse(textOf(await succeed(app, id, 'get-env'))) as Record<string, string>;
  expect(environment).toMatchObject({ GREETING: 'hello' });
  const ours = Object.keys(environment).filter((name) => /^(ANNALS|VITEST|npm_|NODE_OPTIONS)/.test(name));
  expect(ours).toEqual([]);
});

describe('server-filesystem on a directory', () => {
  let mcp: Mcp;
  let files: string;

  beforeAll(async () => {
    files = mkdtempSync(join(directory, 'files-'));
    mcp = await register(app, 'files', stdio.filesystem(files), { description: 'A directory', tags: ['files'] });
  }, 60_000);

  test('writes and reads files', async () => {
    const path = join(files, 'note.txt');
    await succeed(app, mcp.id, 'write_file', { path, content: 'line one\nline two\n' });
    expect(readFileSync(path, 'utf8')).toBe('line one\nline two\n');
    expect(textOf(await succeed(app, mcp.id, 'read_text_file', { path, head: 1 }))).toBe('line one');
    expect(textOf(await succeed(app, mcp.id, 'list_directory', { path: files }))).toContain('note.txt');
  });

  test('refuses what lies outside in its own words', async () => {
    const reply = await call(app, mcp.id, 'read_text_file', { path: '/etc/passwd' });
    expect(reply).toMatchObject({ status: 200, body: { status: 'failed', error: { code: 'tool_error' } } });
    expect((reply.body as Execution).error?.message).toMatch(/denied/i);
  });

  test('has a large result kept by its content: the event names it, the execution has it whole', async () => {
    const path = join(files, 'large.txt');
    const content = Array.from({ length: 20_000 }, (_, line) => `line ${line} ünïcödé`).join('\n');
    writeFileSync(path, content);
    const answered = await succeed(app, mcp.id, 'read_text_file', { path });
    expect(textOf(answered)).toBe(content);

    const ended = (await history(app, `execution-${answered.id}`)).at(-1);
    expect(ended?.type).toBe('ExecutionSucceeded');
    const { blob } = ended?.data['result'] as { blob: { sha256: string; size: number } };
    const file = join(directory, 'data', 'blobs', blob.sha256.slice(0, 2), blob.sha256.slice(2, 4), blob.sha256);
    const bytes = readFileSync(file);
    expect(bytes.length).toBe(blob.size);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(blob.sha256);
    expect(JSON.parse(bytes.toString())).toEqual(answered.result);
    expect(JSON.stringify(ended).length).toBeLessThan(2000);

    const kept = await ask<Execution>(app, 200, 'GET', `/api/v1/executions/${answered.id}`);
    expect(kept).toEqual(answered);
    const page = await ask<{ items: object[] }>(app, 200, 'GET', `/api/v1/executions?mcpId=${mcp.id}&limit=1`);
    expect(page.items[0]).toMatchObject({
      id: answered.id,
      result: null,
      resultRef: { sha256: blob.sha256, size: blob.size },
    });

    // The same result again is the same file, and a small one is in its event.
    const again = (await history(app, `execution-${(await succeed(app, mcp.id, 'read_text_file', { path })).id}`)).at(
      -1,
    );
    expect(again?.data['result']).toEqual({ blob });
    const small = await succeed(app, mcp.id, 'read_text_file', { path, head: 1 });
    expect((await history(app, `execution-${small.id}`)).at(-1)?.data['result']).toEqual({ inline: small.result });
  });
});

test('server-memory keeps a graph from call to call', async () => {
  const file = join(directory, 'memory.jsonl');
  const { id, tools } = await register(app, 'memory', stdio.memory(file));
  expect(tools.map(({ name }) => name)).toContain('create_entities');
  const entities = [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program', '数学家'] }];
  await succeed(app, id, 'create_entities', { entities });
  expect(existsSync(file)).toBe(true);
  const found = await succeed(app, id, 'search_nodes', { query: 'first program' });
  expect(textOf(found)).toContain('Ada');
  expect((await succeed(app, id, 'read_graph')).result?.structuredContent).toMatchObject({ entities });

  // What was asked and answered is found by its words, Chinese ones included.
  const wanted = () =>
    ask<{ items: Execution[] }>(app, 200, 'GET', `/api/v1/executions?mcpId=${id}&q=${encodeURIComponent('数学家')}`);
  await until(async () => (await wanted()).items.length > 0, 'the words are indexed', 30_000);
});
