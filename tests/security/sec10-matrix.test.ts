import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accessMatrix,
  renderJson,
  renderPage,
  transports,
  type Cell,
  type MatrixRow,
  type Transport,
} from '../../scripts/access-matrix.ts';
import { roleNames, roles, type RoleName } from '../../src/domain/access/roles.ts';
import { adminPassword, startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { makeApiKey } from './support/api-key.ts';
import { letIn } from './support/let-in.ts';
import { subscribe } from './support/subscribe.ts';

/** Somebody with one role, who has made things of his own. */
interface Member {
  readonly user: User;
  token: string;
  readonly key: string;
  /** A client's, for the API. */
  readonly oauth: string;
  readonly own: OwnThings;
}

interface OwnThings {
  readonly execution: string;
  readonly key: string;
  readonly grant: string;
  /** A personal one. */
  readonly secret: string;
}

const nobodys = '01936f2a-7c11-7000-8000-0000000000ff';
const committed = JSON.parse(
  await readFile(new URL('../../docs/access-matrix.json', import.meta.url), 'utf8'),
) as readonly MatrixRow[];

let app: TestApp;
let tools: ToolServer;
let admins: OwnThings;
const members = new Map<RoleName, Member>();
/** Correlation ids of all requests that were refused. */
const refused: string[] = [];

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
  const transport = { type: 'streamable-http', url: tools.url };
  await app.request('POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
  admins = await makeThings({ username: 'admin', password: adminPassword, token: app.adminToken });
  for (const role of roleNames) {
    // Made while the role allows it: what somebody owns stays his.
    const user = await app.newUser(['developer']);
    const own = await makeThings(user);
    const set = await app.request('PUT', `/api/v1/users/${user.id}/roles`, { body: { roles: [role] } });
    expect(set.status).toBe(200);
    const { key } = await makeApiKey(app, user.token, roles[role]);
    const { accessToken: oauth } = await letIn(app, user, { scope: roles[role].join(' ') });
    members.set(role, { user, token: user.token, key, oauth, own });
  }
});

afterAll(async () => {
  tools.release();
  await app.close();
  await tools.close();
});

async function makeThings(user: Pick<User, 'username' | 'password' | 'token'>): Promise<OwnThings> {
  const { token } = user;
  const body = { mcpId: 'tools', tool: 'echo', arguments: { message: 'mine' } };
  const called = await app.request('POST', '/api/v1/executions', { token, body });
  expect(called.status).toBe(200);
  const spare = await makeApiKey(app, token, ['mcp:read']);
  const { grantId } = await letIn(app, user, { scope: 'mcp:read' });
  const kept = { name: 'my own', value: 'Bearer mine', scope: 'user' };
  const secret = await app.request('POST', '/api/v1/secrets', { token, body: kept });
  expect(secret.status).toBe(201);
  return {
    execution: (called.body as { id: string }).id,
    key: spare.id,
    grant: grantId,
    secret: (secret.body as { id: string }).id,
  };
}

function memberOf(role: RoleName): Member {
  const member = members.get(role);
  if (!member) throw new Error(`nobody is ${role}`);
  return member;
}

test('the committed matrix is the one that the route table makes: run "npm run matrix"', async () => {
  const rows = accessMatrix(app.routes);
  expect(renderJson(rows)).toBe(renderJson(committed));
  const page = await readFile(new URL('../../docs/access-matrix.md', import.meta.url), 'utf8');
  expect(page).toBe(renderPage(rows));
});

describe.each(transports)('by %s', (transport) => {
  const rows = committed.filter((row) => row.transport === transport);

  test.each(roleNames)('each cell is what happens: %s', async (role) => {
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const cell = row.roles[role];
      if (cell === 'own') {
        expect(await attempt(row, role, memberOf(role).own), describeCell(row, role)).toBe('allow');
        expect(await attempt(row, role, admins), describeCell(row, role)).toBe('not there');
      } else {
        expect(await attempt(row, role, admins), describeCell(row, role)).toBe(cell);
      }
    }
  });
});

test('every refusal is recorded, with who was refused', async () => {
  expect(refused.length).toBeGreaterThan(100);
  const recorded = new Map<string, string>();
  let after = 0;
  for (let more = true; more;) {
    const query = `type=AccessDenied&limit=200&after=${after}`;
    const headers = { 'X-Wait-For-Position': String(await app.head()) };
    const page = (await app.request('GET', `/api/v1/events?${query}`, { headers })).body as {
      items: readonly { metadata: { correlationId: string; actor: string } }[];
      nextAfter: number;
    };
    for (const { metadata } of page.items) recorded.set(metadata.correlationId, metadata.actor);
    more = page.items.length > 0;
    after = page.nextAfter;
  }
  const actors = new Set(roleNames.map((role) => `user:${memberOf(role).user.id}`));
  expect(refused.filter((id) => !actors.has(recorded.get(id) ?? 'nobody'))).toEqual([]);
});

function describeCell({ transport, route }: MatrixRow, role: RoleName): string {
  return `${role} ${transport} ${route}`;
}

/** Does what a row is about, as somebody with a role, on one's own or somebody else's things. */
async function attempt(row: MatrixRow, role: RoleName, things: OwnThings): Promise<Cell | 'not there'> {
  const outcome = row.transport.startsWith('websocket') ? follow(row, role, things) : send(row, role, things);
  const { status, code, correlationId } = await outcome;
  expect(status, `${describeCell(row, role)} ${code}`).not.toBe(401);
  if (status !== 403) return status === 404 && nameOfThing(row.route) !== undefined ? 'not there' : 'allow';
  expect(['permission_missing', 'session_required'], describeCell(row, role)).toContain(code);
  refused.push(correlationId);
  return 'deny';
}

interface Outcome {
  readonly status: number;
  readonly code: string;
  readonly correlationId: string;
}

let sent = 0;

async function send({ route, transport }: MatrixRow, role: RoleName, things: OwnThings): Promise<Outcome> {
  const [method = '', path = ''] = route.split(' ');
  const correlationId = `cell-${++sent}`;
  const stop = new AbortController();
  const answer = await fetch(app.url + withIds(path, things), {
    method,
    signal: stop.signal,
    headers: {
      Authorization: `Bearer ${credentialOf(role, transport)}`,
      'X-Correlation-Id': correlationId,
      // Asked from elsewhere: what is open to this machine is not.
      Via: '1.1 proxy',
      // What may be done comes to nothing here: the rows that follow need it still.
      ...(method === 'DELETE' && nameOfThing(path) === 'secret' && { 'If-Match': '"999"' }),
      ...(method === 'PATCH' && { 'Content-Type': 'application/json' }),
    },
    ...(method === 'PATCH' && { body: '{}' }),
  });
  const text = transport.startsWith('sse') && answer.status === 200 ? '' : await answer.text();
  stop.abort();
  if (method !== 'GET' && path.startsWith('/api/v1/auth/') && answer.ok) {
    const member = memberOf(role);
    member.token = (await app.logIn(member.user.username, member.user.password)).accessToken;
  }
  const isProblem = answer.headers.get('content-type') === 'application/problem+json';
  const code = isProblem ? (JSON.parse(text) as { code: string }).code : '';
  return { status: answer.status, code, correlationId };
}

async function follow({ route, transport }: MatrixRow, role: RoleName, things: OwnThings): Promise<Outcome> {
  const correlationId = `cell-${++sent}`;
  const topic = route.startsWith('mcps/') ? 'mcps/tools' : withIds(route, things);
  const code = await subscribe(app, credentialOf(role, transport), topic, correlationId);
  const statuses: Readonly<Record<string, number>> = { permission_missing: 403, execution_not_found: 404 };
  return { status: code === undefined ? 200 : (statuses[code] ?? 400), code: code ?? '', correlationId };
}

function credentialOf(role: RoleName, transport: Transport): string {
  const member = memberOf(role);
  if (transport.endsWith('-oauth')) return member.oauth;
  return transport.endsWith('-api-key') ? member.key : member.token;
}

/** What of one's own a path names; undefined: nothing that there is. */
function nameOfThing(path: string): keyof OwnThings | undefined {
  if (path.includes('executions/{id}')) return 'execution';
  if (path.includes('grants/{id}')) return 'grant';
  if (path.includes('secrets/{id}')) return 'secret';
  return path.includes('api-keys/{id}') ? 'key' : undefined;
}

function withIds(path: string, things: OwnThings): string {
  const name = nameOfThing(path);
  return path.replace(/\{\w+\}/g, name === undefined ? nobodys : things[name]);
}
