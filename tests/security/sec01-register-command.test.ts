import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type Reply, type TestApp } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { makeApiKey } from './support/api-key.ts';
import { letIn } from './support/let-in.ts';

/** Leaves a file, as soon as it runs, that tells what the log had at that moment. */
const program = (token: string) => `
const { writeFileSync } = require('node:fs');
const [marker, url] = process.argv.slice(2);
fetch(url, { headers: { Authorization: 'Bearer ${token}' } })
  .then((answer) => answer.text())
  .then((text) => writeFileSync(marker, text));
`;

let directory: string;
let app: TestApp;
let tools: ToolServer;
let runs = 0;

/** How a caller without the permission asks: his token, and the code that he is refused with. */
const callers = new Map<string, { readonly token: string; readonly code: string; readonly actor: string }>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annals-sec01-'));
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  await writeFile(join(directory, 'program.cjs'), program(app.adminToken));
  const body = { name: 'programmers-of-one', permissions: ['mcp:write', 'mcp:read', 'mcp:mine:register-command'] };
  expect((await app.request('POST', '/api/v1/roles', { body })).status).toBe(201);
  const [developer, operator] = [await app.newUser(), await app.newUser(['operator'])];
  const ofOne = await app.newUser(['programmers-of-one']);
  const [scopes, all] = [
    ['mcp:read', 'mcp:write'],
    ['mcp:read', 'mcp:write', 'mcp:register-command'],
  ];
  const add = (name: string, { id }: { id: string }, token: string, code: string) =>
    callers.set(name, { token, code, actor: `user:${id}` });
  add('a user who lacks it', developer, developer.token, 'permission_missing');
  add('a user who has it for another mcp', ofOne, ofOne.token, 'permission_missing');
  const { key } = await makeApiKey(app, operator.token, scopes);
  add('an API key without the scope', operator, key, 'insufficient_scope');
  const narrow = await letIn(app, operator, { scope: scopes.join(' ') });
  add('an OAuth token without the scope', operator, narrow.accessToken, 'insufficient_scope');
  const wide = await letIn(app, developer, { scope: all.join(' ') });
  add('an OAuth token with the scope, of a user who lacks it', developer, wide.accessToken, 'permission_missing');
});

afterAll(async () => {
  tools.release();
  await app.close();
  await tools.close();
  await rm(directory, { recursive: true });
});

interface Program {
  readonly transport: { readonly type: 'stdio'; readonly command: string; readonly args: readonly string[] };
  readonly hasRun: () => boolean;
  readonly marker: string;
}

/** A program of its own, that tells whether it was ever started. */
function newProgram(): Program {
  const marker = join(directory, `run-${++runs}`);
  const url = `${app.url}/api/v1/events?type=McpRegistered&limit=200`;
  const args = [join(directory, 'program.cjs'), marker, url];
  return { transport: { type: 'stdio', command: 'node', args }, hasRun: () => existsSync(marker), marker };
}

const web = () => ({ type: 'streamable-http', url: tools.url });

/** Registers one by the administrator. @returns its path */
async function registered(transport: object): Promise<string> {
  const reply = await app.request('POST', '/api/v1/mcps', { body: { name: `mcp ${++runs}`, transport } });
  expect(reply.status, reply.text).toBe(201);
  return reply.headers.get('location') ?? '';
}

type Ask = (token: string, correlationId: string, given: Program) => Promise<Reply>;
const headersOf = (id: string) => ({ 'X-Correlation-Id': id });

/** Every way in by which a program can be submitted. Each prepares what it needs by the administrator. */
const ways: Readonly<Record<string, Ask>> = {
  registering: (token, id, { transport }) =>
    app.request('POST', '/api/v1/mcps', { token, headers: headersOf(id), body: { name: `by ${id}`, transport } }),
  'changing to it': async (token, id, { transport }) =>
    app.request('PATCH', await registered(web()), { token, headers: headersOf(id), body: { transport } }),
  'changing its arguments': async (token, id, { transport }) => {
    const path = await registered({ ...transport, args: ['server.js'] });
    const body = { transport: { args: transport.args } };
    return app.request('PATCH', path, { token, headers: headersOf(id), body });
  },
  importing: (token, id, { transport: { command, args } }) =>
    app.request('POST', '/api/v1/mcps/import', {
      token,
      headers: headersOf(id),
      body: { mcpServers: { [`by ${id}`]: { command, args } } },
    }),
  'rolling back': async (token, id, given) => {
    const path = await wasProgram(given);
    return app.request('POST', `${path}/rollback`, { token, headers: headersOf(id), body: { toVersion: 1 } });
  },
  restoring: async (token, id, given) => {
    const path = await registered(given.transport);
    await ran(given);
    expect((await app.request('DELETE', path)).status).toBe(200);
    await rm(given.marker);
    return app.request('POST', `${path}/restore`, { token, headers: headersOf(id) });
  },
};

/** An mcp whose first version starts the program, and that is something else by now. */
async function wasProgram(given: Program): Promise<string> {
  const path = await registered(given.transport);
  await ran(given);
  const patched = await app.request('PATCH', path, { body: { transport: web() } });
  expect(patched.status, patched.text).toBe(200);
  await rm(given.marker);
  return path;
}

const ran = ({ hasRun }: Program) => expect.poll(hasRun, { timeout: 20_000 }).toBe(true);

async function denialsOf(correlationId: string) {
  const headers = { 'X-Wait-For-Position': String(await app.head()) };
  const { body } = await app.request('GET', `/api/v1/events?type=AccessDenied&correlationId=${correlationId}`, {
    headers,
  });
  return (body as { items: readonly { data: { action: string }; metadata: { actor: string } }[] }).items;
}

describe.each(Object.entries(ways))('a program is not submitted by %s (SEC1)', (way, ask) => {
  test.each([
    'a user who lacks it',
    'a user who has it for another mcp',
    'an API key without the scope',
    'an OAuth token without the scope',
    'an OAuth token with the scope, of a user who lacks it',
  ])('by %s', async (name) => {
    const { token, code, actor } = callers.get(name) ?? expect.fail(name);
    const [given, id] = [newProgram(), `sec01-${++runs}`];
    const reply = await ask(token, id, given);
    if (way === 'importing') {
      const reason = expect.stringContaining('mcp:register-command') as string;
      expect(reply.body, reply.text).toMatchObject({ items: [{ status: 'failed', id: null, reason }] });
    } else {
      expect([reply.status, (reply.body as { code: string }).code], reply.text).toEqual([403, code]);
    }
    expect(await denialsOf(id)).toMatchObject([{ data: { action: 'mcp:register-command' }, metadata: { actor } }]);
    // What was started after all would have been by the time that another program is.
    const control = newProgram();
    await registered(control.transport);
    await ran(control);
    expect(given.hasRun()).toBe(false);
  });
});

describe('a program that may be submitted', () => {
  test('starts when the log has its registration, and not before', async () => {
    const given = newProgram();
    const id = (await registered(given.transport)).split('/').at(-1);
    await ran(given);
    await expect.poll(async () => (await readFile(given.marker, 'utf8')).length).toBeGreaterThan(0);
    const { items } = JSON.parse(await readFile(given.marker, 'utf8')) as { items: readonly { stream: string }[] };
    expect(items.map(({ stream }) => stream)).toContain(`mcp-${id}`);
  });

  test('does not start when it is not registered: the name is taken, or the input is wrong', async () => {
    const name = 'taken';
    expect((await app.request('POST', '/api/v1/mcps', { body: { name, transport: web() } })).status).toBe(201);
    const [taken, wrong] = [newProgram(), newProgram()];
    const again = await app.request('POST', '/api/v1/mcps', { body: { name, transport: taken.transport } });
    expect(again.status).toBe(409);
    const body = { name: 'wrong', transport: { ...wrong.transport, env: { LD_PRELOAD: '/tmp/x.so' } } };
    expect((await app.request('POST', '/api/v1/mcps', { body })).status).toBe(422);
    const control = newProgram();
    await registered(control.transport);
    await ran(control);
    expect([taken.hasRun(), wrong.hasRun()]).toEqual([false, false]);
  });

  test('is not started for who may not ask what it offers', async () => {
    const given = newProgram();
    const path = await registered(given.transport);
    await ran(given);
    await rm(given.marker);
    const { token } = await app.newUser(['viewer']);
    const reply = await app.request('POST', `${path}/discover`, { token });
    expect(reply).toMatchObject({ status: 403, body: { code: 'permission_missing' } });
    const control = newProgram();
    await registered(control.transport);
    await ran(control);
    expect(given.hasRun()).toBe(false);
  });

  test('cannot be given to a key by who lacks it', async () => {
    const { token } = await app.newUser();
    const body = { name: 'more', scopes: ['mcp:register-command'] };
    const reply = await app.request('POST', '/api/v1/api-keys', { token, body });
    expect(reply).toMatchObject({ status: 403, body: { code: 'permissions_exceeded' } });
  });
});
