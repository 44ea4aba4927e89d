import fc from 'fast-check';
import type { Reply, RequestOptions, TestApp } from '../../http/support/app.ts';
import { letIn } from '../../security/support/let-in.ts';

/** One request of a history. Numbers choose among what there is when its turn comes. */
export type Step =
  | { readonly do: 'register'; readonly name: number; readonly server: number }
  | { readonly do: 'patch'; readonly mcp: number; readonly patch: object }
  | { readonly do: 'move'; readonly mcp: number; readonly server: number }
  | { readonly do: 'change'; readonly mcp: number; readonly action: 'restore' | 'discover' | 'retire' }
  | { readonly do: 'rollback'; readonly mcp: number; readonly toVersion: number }
  | { readonly do: 'call'; readonly mcp: number; readonly tool: string; readonly given: object; readonly key: boolean }
  | { readonly do: 'replay'; readonly execution: number }
  | { readonly do: 'user'; readonly name: number }
  | { readonly do: 'roles'; readonly user: number; readonly roles: readonly string[] }
  | { readonly do: 'login'; readonly user: number; readonly right: boolean }
  | { readonly do: 'denied'; readonly user: number }
  | { readonly do: 'api key'; readonly scopes: readonly string[] }
  | { readonly do: 'revoke'; readonly apiKey: number }
  | { readonly do: 'secret'; readonly name: number }
  | { readonly do: 'let in'; readonly user: number }
  | { readonly do: 'take back'; readonly grant: number };

const index = fc.nat(50);
const words = fc.oneof(
  fc.constantFrom('版本 控制', 'a "quoted" word', '', '\u0000 NUL', '😀', '\ud800'),
  fc.string({ maxLength: 12 }),
);
const patches = fc.oneof(
  fc.record({ description: words }),
  fc.record({ tags: fc.uniqueArray(fc.constantFrom('red', 'green', 'blau', '蓝'), { maxLength: 3 }) }),
  fc.record({ name: fc.nat(6).map((n) => `name ${n}`), description: words }),
  fc.constant({ description: null, tags: null }),
  fc.constant({ description: 7 }),
);
const calls = fc.oneof(
  fc.record({ tool: fc.constant('echo'), given: fc.record({ message: words }) }),
  fc.record({ tool: fc.constantFrom('fail', 'large'), given: fc.constant({}) }),
  fc.record({ tool: fc.constantFrom('echo', 'nothing'), given: fc.constant({ wrong: true }) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('register' as const), name: fc.nat(6), server: fc.nat(2) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('patch' as const), mcp: index, patch: patches }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), mcp: index, server: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      mcp: index,
      action: fc.constantFrom('restore', 'discover', 'retire'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rollback' as const),
      mcp: index,
      toVersion: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc
      .record({ do: fc.constant('call' as const), mcp: index, call: calls, key: fc.boolean() })
      .map(({ call, ...rest }) => ({ ...rest, ...call })),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), execution: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('user' as const), name: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('roles' as const),
      user: index,
      roles: fc.uniqueArray(fc.constantFrom('operator', 'developer', 'auditor', 'viewer'), { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('login' as const), user: index, right: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('denied' as const), user: index }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('api key' as const),
      scopes: fc.uniqueArray(fc.constantFrom('mcp:read', 'mcp:call', 'execution:read', 'nonsense'), { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), apiKey: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('secret' as const), name: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('let in' as const), user: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take back' as const), grant: index }) },
);

/** Makes sure that no read model stays empty. */
const first: readonly Step[] = [
  { do: 'register', name: 0, server: 0 },
  { do: 'call', mcp: 0, tool: 'echo', given: { message: 'first' }, key: true },
  { do: 'user', name: 0 },
  { do: 'api key', scopes: ['mcp:read'] },
  { do: 'let in', user: 0 },
  { do: 'secret', name: 0 },
];

/** Requests of every kind, in any order; many of them are refused. */
export const histories: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { minLength: 40, maxLength: 70, size: 'max' })
  .map((steps) => [...first, ...steps]);

/** What the requests before have made. */
export class Made {
  readonly mcps: string[] = [];
  readonly executions: string[] = [];
  readonly users: { readonly id: string; readonly username: string }[] = [];
  readonly apiKeys: string[] = [];
  readonly grants: string[] = [];
  keys = 0;
}

type Asking = Pick<TestApp, 'request' | 'url'>;

/** One address may register no more than 30 clients in an hour, and the run is on one. */
const mostGrants = 5;

function at<Item>(list: readonly Item[], n: number): Item | undefined {
  return list[n % Math.max(1, list.length)];
}

/** Carries a step out. Answers undefined when there is nothing yet that it could be about. */
export async function take(
  app: Asking,
  made: Made,
  servers: readonly string[],
  taken: Step,
): Promise<Reply | undefined> {
  const send = (method: string, path: string, options: RequestOptions = {}) =>
    app.request(method, `/api/v1${path}`, options);
  const url = (n: number) => at(servers, n) ?? '';
  switch (taken.do) {
    case 'register': {
      const transport = { type: 'streamable-http', url: url(taken.server) };
      const reply = await send('POST', '/mcps', { body: { name: `name ${taken.name}`, transport } });
      if (reply.status === 201) made.mcps.push((reply.body as { id: string }).id);
      return reply;
    }
    case 'api key': {
      const body = { name: `key ${made.apiKeys.length}`, scopes: taken.scopes };
      const reply = await send('POST', '/api-keys', { body });
      if (reply.status === 201) made.apiKeys.push((reply.body as { id: string }).id);
      return reply;
    }
    case 'revoke': {
      const id = at(made.apiKeys, taken.apiKey);
      return id === undefined ? undefined : send('DELETE', `/api-keys/${id}`);
    }
    case 'secret':
      return send('POST', '/secrets', { body: { name: `secret ${taken.name}`, value: 'kept by nobody' } });
    case 'let in': {
      const user = at(made.users, taken.user);
      if (!user || made.grants.length >= mostGrants) return undefined;
      const person = { username: user.username, password: passwordOf(user.username) };
      const { grantId, accessToken } = await letIn(app, person, { scope: 'mcp:read' });
      made.grants.push(grantId);
      return send('GET', '/mcps', { token: accessToken });
    }
    case 'take back': {
      const id = at(made.grants, taken.grant);
      return id === undefined ? undefined : send('DELETE', `/oauth/grants/${id}`);
    }
    case 'user': {
      const username = `user${taken.name}`;
      const body = { username, email: `${username}@example.org`, password: passwordOf(username) };
      const reply = await send('POST', '/auth/register', { token: null, body });
      if (reply.status === 201) made.users.push({ id: (reply.body as { id: string }).id, username });
      return reply;
    }
    case 'roles':
    case 'login':
    case 'denied': {
      const user = at(made.users, taken.user);
      return user && (await asUser(send, user, taken));
    }
    case 'replay': {
      const id = at(made.executions, taken.execution);
      return id === undefined ? undefined : send('POST', `/executions/${id}/replay`, { body: {} });
    }
    default:
      return aboutMcp(send, made, url, taken);
  }
}

type Send = (method: string, path: string, options?: RequestOptions) => Promise<Reply>;

/** A step that is about an mcp. */
async function aboutMcp(
  send: Send,
  made: Made,
  url: (n: number) => string,
  taken: Extract<Step, { mcp: number }>,
): Promise<Reply | undefined> {
  const id = at(made.mcps, taken.mcp);
  if (id === undefined) return undefined;
  switch (taken.do) {
    case 'patch':
      return send('PATCH', `/mcps/${id}`, { body: taken.patch });
    case 'move':
      return send('PATCH', `/mcps/${id}`, { body: { transport: { url: url(taken.server) } } });
    case 'rollback':
      return send('POST', `/mcps/${id}/rollback`, { body: { toVersion: taken.toVersion } });
    case 'change':
      return taken.action === 'retire' ? send('DELETE', `/mcps/${id}`) : send('POST', `/mcps/${id}/${taken.action}`);
    case 'call': {
      const headers: Record<string, string> = taken.key ? { 'Idempotency-Key': `key ${made.keys++}` } : {};
      const body = { mcpId: id, tool: taken.tool, arguments: taken.given };
      const reply = await send('POST', '/executions', { body, headers });
      const location = reply.headers.get('location');
      if (location !== null) made.executions.push(location.split('/').at(-1) ?? '');
      return reply;
    }
  }
}

async function asUser(
  send: Send,
  { id, username }: { readonly id: string; readonly username: string },
  taken: Extract<Step, { user: number }>,
): Promise<Reply> {
  if (taken.do === 'roles') return send('PUT', `/users/${id}/roles`, { body: { roles: taken.roles } });
  const password = taken.do === 'login' && !taken.right ? 'a wrong password' : passwordOf(username);
  const login = await send('POST', '/auth/login', { token: null, body: { username, password } });
  if (taken.do === 'login') return login;
  const { accessToken } = login.body as { accessToken: string };
  // Nobody of these may manage users.
  return send('PUT', `/users/${id}/roles`, { token: accessToken, body: { roles: ['admin'] } });
}

function passwordOf(username: string): string {
  return `the password of ${username}`;
}
