import { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cell } from '../../src/http/export/csv.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { openSse } from './support/sse.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

afterAll(() => app.close());

const wait = async () => ({ headers: { 'X-Wait-For-Position': String(await app.head()) } });

describe('the audit trail', () => {
  test('tells who did what, denials and failed logins included', async () => {
    const user = await app.newUser(['viewer']);
    await app.request('DELETE', '/api/v1/mcps/anything', { token: user.token });
    await app.request('POST', '/api/v1/auth/login', {
      token: null,
      body: { username: user.username, password: 'wrong' },
    });
    const denied = await app.request('GET', '/api/v1/audit?outcome=denied', await wait());
    expect(denied.body).toMatchObject({
      items: [
        { action: 'LoginFailed', outcome: 'denied' },
        {
          action: 'AccessDenied',
          actor: `user:${user.id}`,
          resource: 'DELETE /api/v1/mcps/anything',
          remoteAddress: '127.0.0.1',
        },
      ],
    });
    const found = await app.request('GET', '/api/v1/audit?q=registered%20developer', await wait());
    expect((found.body as { items: { action: string; resource: string }[] }).items).toContainEqual(
      expect.objectContaining({ action: 'UserRegistered', resource: `user-${user.id}` }),
    );
    // Who somebody is cannot be searched for: it goes with him.
    for (const text of [user.username, `${user.username}@example.org`]) {
      const none = await app.request('GET', `/api/v1/audit?q=${encodeURIComponent(text)}`);
      expect(none.body, text).toMatchObject({ items: [] });
    }
  });

  test('comes out whole as lines of JSON, in the order of the log', async () => {
    const head = await app.head();
    const reply = await app.request('GET', '/api/v1/audit/export?format=jsonl');
    expect(reply.headers.get('content-type')).toMatch(/^application\/jsonl/);
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="annals-audit.jsonl"');
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { position: number });
    expect(lines.map(({ position }) => position)).toEqual(Array.from({ length: head }, (_, n) => n + 1));
  });

  test('comes out as CSV that a spreadsheet cannot be made to run', async () => {
    const formula = '=HYPERLINK("http://evil.example","x")';
    await app.request('DELETE', `/api/v1/mcps/${encodeURIComponent(formula)}`, {
      token: (await app.newUser(['viewer'])).token,
    });
    const reply = await app.request('GET', '/api/v1/audit/export?format=csv&action=AccessDenied');
    expect(reply.headers.get('content-type')).toMatch(/^text\/csv/);
    const [names, ...rows] = reply.text.trimEnd().split('\r\n');
    expect(names).toBe(
      'position,at,actor,action,resource,stream,outcome,correlationId,remoteAddress,mcp,tool,reason,statedReason',
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).not.toMatch(/(?:^|,)"?[=+@]/);
  });

  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['a "quoted", word', '"a ""quoted"", word"'],
    ['two\nlines', '"two\nlines"'],
    ['=a,b', '"\'=a,b"'],
    ['plain', 'plain'],
    [null, ''],
    [42, '42'],
    [-42, '-42'],
  ])('the cell of %j is %s', (value, written) => {
    expect(cell(value)).toBe(written);
  });

  test('is refused as a problem when the question makes no sense', async () => {
    for (const query of ['from=yesterday', 'format=xml', 'asOf=9999999']) {
      const reply = await app.request('GET', `/api/v1/audit/export?${query}`);
      expect([reply.status, reply.headers.get('content-type')], query).toEqual([422, 'application/problem+json']);
    }
  });
});

test('a platform that stops tells its readers and lets go at once', async () => {
  const stopping = await startTestApp();
  const reader = await openSse(`${stopping.url}/api/v1/events/stream`, {
    Authorization: `Bearer ${stopping.adminToken}`,
  });
  // A reader that is not let go would be cut off when the patience with it ends.
  const cutOff = vi.spyOn(Server.prototype, 'closeAllConnections');
  onTestFinished(() => cutOff.mockRestore());
  await stopping.close();
  expect(cutOff).not.toHaveBeenCalled();
  expect(reader.ended).toBe(true);
  expect(reader.text).toContain(': the server is stopping');
});

describe('reading the audit trail', () => {
  const readings = async () => {
    const { body } = await app.request('GET', '/api/v1/events?type=AuditRead&limit=200');
    return (body as { items: { data: { what: string; filter: object; andMore?: true }; metadata: object }[] }).items;
  };

  test('is in it: who, and what was asked for', async () => {
    const reader = await app.newUser(['auditor']);
    await app.request('GET', '/api/v1/audit?action=McpRetired&limit=5', { token: reader.token });
    await app.request('GET', '/api/v1/audit/export?format=csv&outcome=denied', { token: reader.token });
    await app.request('POST', '/api/v1/audit/verify', { token: reader.token });
    const own = (await readings()).filter(
      ({ metadata }) => (metadata as { actor: string }).actor === `user:${reader.id}`,
    );
    expect(own.map(({ data }) => data)).toEqual([
      { what: 'list', filter: { action: 'McpRetired' } },
      { what: 'export', filter: { outcome: 'denied' } },
      { what: 'verify', filter: {} },
    ]);
    const found = await app.request('GET', `/api/v1/audit?action=AuditRead&actor=user:${reader.id}`, await wait());
    expect((found.body as { items: unknown[] }).items).toHaveLength(3);
  });

  test('the same way again and again, or page by page, is one reading', async () => {
    const reader = await app.newUser(['auditor']);
    const pages: string[] = [];
    for (let cursor = ''; pages.length < 3;) {
      const page = await app.request('GET', `/api/v1/audit?limit=2${cursor}`, { token: reader.token });
      const { nextCursor } = page.body as { nextCursor: string };
      pages.push(nextCursor);
      cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
    }
    for (let again = 0; again < 5; again++) await app.request('GET', '/api/v1/audit', { token: reader.token });
    const own = (await readings()).filter(
      ({ metadata }) => (metadata as { actor: string }).actor === `user:${reader.id}`,
    );
    expect(own).toHaveLength(1);
    // What was looked for is not found by looking for it again.
    for (let twice = 0; twice < 2; twice++) {
      const found = await app.request('GET', '/api/v1/audit?q=somethingthatisnowhere', await wait());
      expect(found.body).toMatchObject({ items: [] });
    }
  });

  test('in ever new ways leaves a bounded trace, which says so', async () => {
    const reader = await app.newUser(['auditor']);
    for (let asked = 0; asked < 40; asked++) {
      await app.request('GET', `/api/v1/audit?correlationId=c${asked}`, { token: reader.token });
    }
    const own = (await readings()).filter(
      ({ metadata }) => (metadata as { actor: string }).actor === `user:${reader.id}`,
    );
    expect(own).toHaveLength(31);
    expect(own.at(-1)?.data.andMore).toBe(true);
    expect(own.at(-2)?.data).not.toHaveProperty('andMore');
  });
});

describe('the reason that a caller gives', () => {
  test('stands in the audit trail, and is found there', async () => {
    const { token } = await app.newUser(['viewer']);
    await app.request('DELETE', '/api/v1/mcps/anything', {
      token,
      headers: { 'X-Reason': Buffer.from('Ticket 4711: Aufräumen').toString('latin1') },
    });
    const { body } = await app.request('GET', '/api/v1/audit?q=4711', await wait());
    expect(body).toMatchObject({
      items: [{ action: 'AccessDenied', statedReason: 'Ticket 4711: Aufräumen' }],
    });
    const csv = await app.request('GET', '/api/v1/audit/export?format=csv&action=AccessDenied');
    expect(csv.text).toContain('Ticket 4711: Aufräumen');
  });

  test.each([
    ['too long', 'x'.repeat(501)],
    ['not UTF-8', '\xff\xfe'],
    ['a control character', 'a\tb'],
  ])('is refused when it is %s', async (_what, reason) => {
    const reply = await app.request('GET', '/api/v1/auth/me', { headers: { 'X-Reason': reason } });
    expect([reply.status, reply.body]).toMatchObject([
      422,
      { code: 'invalid_input', errors: [{ pointer: '/X-Reason' }] },
    ]);
  });

  test('may not be given', async () => {
    const reply = await app.request('GET', '/api/v1/audit?limit=1', { headers: { 'X-Reason': '  ' } });
    expect(reply.status).toBe(200);
  });
});

describe('the proof of the audit trail', () => {
  test('says how far the log is sealed, page by page', async () => {
    await app.request('POST', '/api/v1/audit/verify');
    await app.newUser();
    await app.request('POST', '/api/v1/audit/verify');
    const first = await app.request('GET', '/api/v1/audit/checkpoints?limit=1');
    const { items, nextCursor, sealing } = first.body as {
      items: { sequence: number; position: number }[];
      nextCursor: string;
      sealing: object;
    };
    expect(sealing).toMatchObject({
      status: 'sealing',
      witness: 'none',
      publicKey: expect.stringMatching(/^annals\//) as string,
    });
    expect(items).toHaveLength(1);
    const second = await app.request(
      'GET',
      `/api/v1/audit/checkpoints?limit=1&cursor=${encodeURIComponent(nextCursor)}`,
    );
    expect(second.body).toMatchObject({ items: [{ sequence: (items[0]?.sequence ?? 0) - 1 }] });
  });

  test('is part of what the platform tells of itself', async () => {
    const { body } = await app.request('GET', '/api/v1/system');
    expect(body).toMatchObject({ sealing: { status: 'sealing', lag: expect.any(Number) as number } });
  });
});
