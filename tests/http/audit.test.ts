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
    const found = await app.request('GET', `/api/v1/audit?q=${user.username}`, await wait());
    expect((found.body as { items: { action: string }[] }).items.map(({ action }) => action)).toContain(
      'UserRegistered',
    );
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
    expect(names).toBe('position,at,actor,action,resource,stream,outcome,correlationId,remoteAddress,mcp,tool,reason');
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
