import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { ask, type Mcp } from '../integration/support/api.ts';

let app: TestApp;
let tools: ToolServer;
let elsewhere: Server;
let asked = 0;
let mcpId: string;

/** A schema that doubles with each level, so that following it takes longer than anybody waits. */
function doubling(levels: number): object {
  const $defs = Object.fromEntries(
    Array.from({ length: levels }, (_, level) => {
      const next = { $ref: `#/$defs/l${level + 1}` };
      return [`l${level}`, { type: 'object', properties: { a: next, b: next }, allOf: [next, next] }];
    }),
  );
  return { $ref: '#/$defs/l0', $defs: { ...$defs, [`l${levels}`]: { type: 'object' } } };
}

beforeAll(async () => {
  elsewhere = createServer((_request, response) => {
    asked++;
    response.end('{"type":"object"}');
  });
  await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/schema.json`;
  const more = [
    { name: 'remote', inputSchema: { type: 'object', properties: { a: { $ref: url } } } },
    { name: 'identified', inputSchema: { $id: url, type: 'object', properties: { a: { $ref: 'other.json' } } } },
    { name: 'file', inputSchema: { type: 'object', properties: { a: { $ref: 'file:///etc/passwd' } } } },
    { name: 'doubling', inputSchema: doubling(30) },
    {
      name: 'backtracking',
      inputSchema: { type: 'object', properties: { message: { type: 'string', pattern: '^(a+)+$' } } },
    },
  ];
  [app, tools] = await Promise.all([startTestApp(), startToolServer({ more })]);
  const transport = { type: 'streamable-http', url: tools.url };
  const mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'schemas', transport } });
  expect(mcp.discovery.status).toBe('discovered');
  mcpId = mcp.id;
});
afterAll(async () => {
  await app.close();
  await tools.close();
  await new Promise((resolve) => void elsewhere.close(resolve));
});

const call = (tool: string, args: object) =>
  app.request('POST', '/api/v1/executions', { body: { mcpId, tool, arguments: args } });

test.each(['remote', 'identified', 'file', 'doubling'])(
  'SEC15: a tool whose schema leads elsewhere or takes too long (%s) is refused by name; nothing is fetched',
  async (tool) => {
    const reply = await call(tool, { a: {} });
    expect(reply.status, reply.text).toBe(422);
    expect(reply.body).toMatchObject({ code: 'tool_schema_unusable' });
    expect(asked).toBe(0);
    expect((await call('echo', { message: 'the rest works' })).status).toBe(200);
  },
);

test('SEC15: a pattern that takes others exponential time is checked all the same', async () => {
  expect((await call('backtracking', { message: `${'a'.repeat(50_000)}!` })).status).toBe(422);
  expect((await call('backtracking', { message: 'a'.repeat(50_000) })).status).toBe(200);
});
