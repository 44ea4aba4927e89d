import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { ask, type Execution, type Mcp } from '../integration/support/api.ts';

let app: TestApp;
let tools: ToolServer;
let mcp: Mcp;

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
});
afterAll(async () => {
  await app.close();
  await tools.close();
});

/** Texts that mean something to a database, a search engine, a log, a shell or a browser. */
const payloads = [
  `'; DROP TABLE mcps; --`,
  `" OR "1"="1`,
  `\\'; DELETE FROM users WHERE 'a'='a`,
  `x' UNION SELECT password_hash FROM users --`,
  `%' OR 1=1 /*`,
  `{"$gt":""}`,
  `{"$where":"sleep(10000)"}`,
  `$ne`,
  `*:* OR _exists_:password`,
  `name:(a OR b) NOT c~2^4`,
  `"unbalanced`,
  `NEAR(a b, 5) AND {col}: x*`,
  `../../../../etc/passwd`,
  `..%2f..%2fetc%2fpasswd`,
  `%00`,
  `\${jndi:ldap://127.0.0.1/x}`,
  `{{7*7}}`,
  `<script>alert(1)</script>`,
  `a\r\nSet-Cookie: stolen=1`,
  `\u001b[31mred`,
  `__proto__`,
  `constructor`,
  `toString`,
];

const lists = [
  '/api/v1/mcps?name=',
  '/api/v1/mcps?tag=',
  '/api/v1/executions?tool=',
  '/api/v1/executions?status=',
  '/api/v1/executions?q=',
  '/api/v1/audit?q=',
  '/api/v1/audit?actor=',
  '/api/v1/audit?action=',
  '/api/v1/audit?resource=',
  '/api/v1/events?stream=',
  '/api/v1/events?type=',
  '/api/v1/events?actor=',
  '/api/v1/events?correlationId=',
  '/api/v1/users?username=',
  '/api/v1/mcps?sort=',
  '/api/v1/mcps?cursor=',
];

describe('SEC24: text that is syntax elsewhere is text here', () => {
  test.each(payloads)('in every filter, search, order and cursor: %j', async (payload) => {
    for (const list of lists) {
      const reply = await app.request('GET', `${list}${encodeURIComponent(payload)}`);
      expect([200, 422], `${list} ${reply.text}`).toContain(reply.status);
      if (reply.status === 200) expect((reply.body as { items: unknown[] }).items, list).toEqual([]);
      else expect(reply.text).not.toMatch(/sqlite|syntax error|fts5|mongo|elastic/i);
      expect(reply.headers.get('set-cookie')).toBeNull();
    }
  });

  test.each(payloads)('in every path: %j', async (payload) => {
    const segment = encodeURIComponent(payload);
    for (const path of [
      `/mcps/${segment}`,
      `/executions/${segment}`,
      `/users/${segment}`,
      `/streams/${segment}/events`,
    ]) {
      const { status, text } = await app.request('GET', `/api/v1${path}`);
      expect([404, 422], `${path} ${text}`).toContain(status);
    }
  });

  test.each(payloads)('in an operator’s place of a body: %j', async (payload) => {
    const before = await app.head();
    const login = { username: { [payload]: '' }, password: { [payload]: '' } };
    expect((await app.request('POST', '/api/v1/auth/login', { token: null, body: login })).status).toBe(422);
    expect(await app.head()).toBe(before);
  });

  test.each(payloads)('in what is stored, which comes back as it went in: %j', async (payload) => {
    const path = `/api/v1/mcps/${mcp.id}`;
    await app.request('PATCH', path, { body: { description: payload } });
    expect((await ask<Mcp>(app, 200, 'GET', path)).description).toBe(payload);
    const body = { mcpId: mcp.id, tool: 'echo', arguments: { message: payload } };
    const { id, result } = await ask<Execution>(app, 200, 'POST', '/api/v1/executions', { body });
    expect(result?.content[0]?.text).toBe(payload);
    expect((await ask<Execution>(app, 200, 'GET', `/api/v1/executions/${id}`)).arguments).toEqual({ message: payload });
    expect((await ask<{ items: Mcp[] }>(app, 200, 'GET', '/api/v1/mcps')).items).toHaveLength(1);
  });

  test('in a header, which makes no second line of the log', async () => {
    await app.request('GET', '/api/v1/mcps', {
      headers: { 'X-Correlation-Id': 'a%0d%0aforged', 'User-Agent': 'a\tb' },
    });
    for (const { message } of app.logged) expect(message).not.toMatch(/[\r\n]/);
  });
});
