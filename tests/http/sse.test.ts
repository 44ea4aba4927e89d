import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { openSse, type SseReader } from './support/sse.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';
import { until } from './support/until.ts';

let app: TestApp;
let tools: ToolServer;
let mcpId: string;

beforeAll(async () => {
  const feed = { stallMs: 1000, beatMs: 200, renewMs: 100 };
  [app, tools] = await Promise.all([startTestApp({ http: { feed, bodyLimitBytes: 4_000_000 } }), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  const reply = await app.request('POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
  mcpId = (reply.body as { id: string }).id;
});

afterAll(async () => {
  tools.release();
  await app.close();
  await tools.close();
});

const follow = (query = '', headers = {}, token = app.adminToken, path = '/api/v1/events/stream') =>
  openSse(`${app.url}${path}${query}`, { Authorization: `Bearer ${token}`, ...headers });
const call = (message: string) =>
  app.request('POST', '/api/v1/executions', { body: { mcpId, tool: 'echo', arguments: { message } } });
const allEvents = async () => {
  const items: { position: number; stream: string }[] = [];
  for (let after = 0; ;) {
    const { body } = await app.request('GET', `/api/v1/events?after=${after}&limit=200`);
    const slice = body as { items: { position: number; stream: string }[]; nextAfter: number };
    items.push(...slice.items);
    if (slice.items.length === 0) return items;
    after = slice.nextAfter;
  }
};

/** Runs with a reader, and lets it go. */
async function reading(open: Promise<SseReader>, use: (reader: SseReader) => Promise<void>): Promise<void> {
  const reader = await open;
  try {
    await use(reader);
  } finally {
    reader.close();
  }
}

test('a reader gets what happens from now on, each event once and in order', async () => {
  const head = await app.head();
  await reading(follow(), async (reader) => {
    for (let n = 0; n < 10; n++) await call(`live ${n}`);
    await until(() => reader.events.length >= 30, 'thirty events came');
    const expected = (await allEvents()).filter(({ position }) => position > head);
    expect(reader.events.map(({ data }) => data)).toEqual(expected);
    expect(reader.events.map(({ id }) => id)).toEqual(expected.map(({ position }) => position));
    expect(reader.events[0]).toMatchObject({ type: 'ExecutionRequested', data: { type: 'ExecutionRequested' } });
  });
});

test('a reader resumes by position or Last-Event-ID, without a gap and without a repetition', async () => {
  const all = await allEvents();
  const middle = all[Math.floor(all.length / 2)]?.position ?? 0;
  for (const open of [follow(`?after=${middle}`), follow('', { 'Last-Event-ID': String(middle) })]) {
    await reading(open, async (reader) => {
      const message = call('while it catches up');
      await until(
        () => reader.events.some(({ data }) => JSON.stringify(data).includes('while it catches up')),
        'it came',
      );
      await message;
      const positions = reader.events.map(({ id }) => id);
      const expected = (await allEvents()).map(({ position }) => position).filter((position) => position > middle);
      expect(positions).toEqual(expected.slice(0, positions.length));
    });
  }
});

test('many readers that come while events are written miss none', async () => {
  const readers: SseReader[] = [];
  const writing = (async () => {
    for (let n = 0; n < 40; n++) await call(`storm ${n}`);
  })();
  for (let n = 0; n < 20; n++) readers.push(await follow('?after=0'));
  await writing;
  const expected = (await allEvents()).map(({ position }) => position);
  for (const reader of readers) {
    await until(() => reader.events.length >= expected.length, 'all events came');
    expect(reader.events.map(({ id }) => id)).toEqual(expected);
    reader.close();
  }
});

test('filters leave only what is asked for', async () => {
  await call('filtered');
  const all = await allEvents();
  for (const [query, wanted] of [
    ['category=mcp', ({ stream }: { stream: string }) => stream.startsWith('mcp-')],
    [`stream=mcp-${mcpId}`, ({ stream }: { stream: string }) => stream === `mcp-${mcpId}`],
  ] as const) {
    const expected = all.filter(wanted);
    await reading(follow(`?after=0&${query}`), async (reader) => {
      await until(() => reader.events.length >= expected.length, 'they came');
      expect(reader.events.map(({ data }) => data)).toEqual(expected);
    });
  }
  await reading(follow('?type=ExecutionSucceeded'), async (reader) => {
    await call('only its end');
    await until(() => reader.events.length > 0, 'its end came');
    expect(reader.events.map(({ type }) => type)).toEqual(['ExecutionSucceeded']);
  });
});

test('a quiet feed shows that it lives', async () => {
  await reading(follow(), async (reader) => {
    await until(() => reader.text.includes('\n:\n'), 'a comment came');
    expect(reader.events).toEqual([]);
  });
});

test('secrets stay inside', async () => {
  await reading(follow('?after=0'), async (reader) => {
    await until(() => reader.events.some(({ type }) => type === 'UserRegistered'), 'a registration came');
    expect(reader.text).not.toMatch(/argon2/);
    expect(reader.text).toContain('"passwordHash":"[redacted]"');
  });
});

test('a position beyond the end of the log, or none at all, is refused', async () => {
  for (const [query, headers] of [
    ['?after=999999999', {}],
    ['?after=last', {}],
    ['', { 'Last-Event-ID': 'abc' }],
    ['', { 'Last-Event-ID': '999999999' }],
  ] as const) {
    await reading(follow(query, headers), async (reader) => {
      expect(reader.status).toBe(422);
    });
  }
});

describe('a feed ends', () => {
  test('when its session does', async () => {
    const user = await app.newUser(['auditor']);
    const reader = await follow('', {}, user.token);
    expect(reader.status).toBe(200);
    await app.request('POST', '/api/v1/auth/logout', { token: user.token });
    await until(() => reader.ended, 'the feed ended');
    expect(reader.text).toContain(': the credential has ended');
  });

  test('when the reader may no longer see it', async () => {
    const user = await app.newUser(['auditor']);
    const reader = await follow('', {}, user.token);
    await app.request('PUT', `/api/v1/users/${user.id}/roles`, { body: { roles: ['viewer'] } });
    await until(() => reader.ended, 'the feed ended');
    expect(reader.text).toContain(': no longer allowed');
  });

  test('when the reader takes nothing, who then resumes where he was', async () => {
    const reader = await follow();
    await until(() => reader.text.includes('retry'), 'the feed began');
    reader.pause();
    const big = 'x'.repeat(60_000);
    await Promise.all(Array.from({ length: 200 }, (_, n) => call(`${n} ${big}`)));
    await until(async () => (await openReaders()) === 0, 'the slow reader was sent away');
    reader.resume();
    await until(() => reader.ended, 'the connection ended');
    const last = reader.events.at(-1)?.id ?? 0;
    expect(last).toBeLessThan(await app.head());
    await reading(follow('', { 'Last-Event-ID': String(last) }), async (again) => {
      const expected = (await allEvents()).map(({ position }) => position).filter((position) => position > last);
      await until(() => again.events.length >= expected.length, 'the rest came');
      expect(again.events.map(({ id }) => id)).toEqual(expected);
    });
  });

  async function openReaders(): Promise<number> {
    const { body } = await app.request('GET', '/api/v1/system');
    return (body as { feedReaders: number }).feedReaders;
  }
});

describe('the feed of one execution', () => {
  test('begins with its first event, goes on live, and ends with its last', async () => {
    const running = app.request('POST', '/api/v1/executions', { body: { mcpId, tool: 'wait' } });
    await until(() => tools.waiting > 0, 'the tool was called');
    let id = '';
    await until(async () => {
      const { body } = await app.request('GET', '/api/v1/executions?status=running');
      id = (body as { items: { id: string }[] }).items[0]?.id ?? '';
      return id !== '';
    }, 'it is listed');
    const reader = await follow('', {}, app.adminToken, `/api/v1/executions/${id}/stream`);
    await until(() => reader.events.length === 2, 'its beginning came');
    tools.release();
    await running;
    await until(() => reader.ended, 'the feed ended');
    expect(reader.events.map(({ type }) => type)).toEqual([
      'ExecutionRequested',
      'ExecutionStarted',
      'ExecutionSucceeded',
    ]);
    expect(reader.text).toContain(': complete');
    // From where somebody called is for readers of the log.
    expect(reader.text).not.toContain('remoteAddress');

    const over = await follow('', {}, app.adminToken, `/api/v1/executions/${id}/stream`);
    await until(() => over.ended, 'a feed of what is over ended');
    expect(over.events.length).toBe(3);
    const nothing = await app.request('GET', `/api/v1/executions/${id}/stream?after=${over.events[2]?.id}`);
    expect(nothing.status).toBe(204);
  });
});
