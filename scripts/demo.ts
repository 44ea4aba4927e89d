/**
 * `npm run demo`: plays the README's tour by itself on a temporary directory, showing each request and its answer. Ends with
 * exit code 1 when an answer is not what the tour promises.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startServer } from './demo/server.ts';
import { createTour, type Tour } from './demo/tour.ts';

type Json = Readonly<Record<string, unknown>>;

const everything = { type: 'stdio', command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything', 'stdio'] };
const memory = { type: 'stdio', command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] };

const dataDir = mkdtempSync(join(tmpdir(), 'annals-demo-'));
const password = randomBytes(18).toString('base64url');
const server = await startServer(dataDir, password);
console.log(server.banner);
try {
  await play(createTour(server.url));
  console.log('\nThe tour is over, and every answer was as promised.');
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function play(tour: Tour): Promise<void> {
  tour.say('Log in');
  const login = await tour.request(
    'POST',
    '/api/v1/auth/login',
    { username: 'admin', password },
    { show: pick('tokenType', 'expiresIn') },
  );
  tour.logInAs(String(login['accessToken']));

  tour.say('Register an MCP server: Annals starts it and asks what it offers');
  const registered = await tour.request(
    'POST',
    '/api/v1/mcps',
    { name: 'everything', description: 'The reference server', transport: everything },
    { status: 201, show: (mcp) => ({ ...pick('id', 'name', 'status', 'version')(mcp), tools: names(mcp['tools']) }) },
  );
  tour.expect('its tools are known', names(registered['tools']).includes('get-sum'), true);
  const path = `/api/v1/mcps/${String(registered['id'])}`;

  tour.say('Call a tool');
  const call = { mcpId: registered['id'], tool: 'get-sum', arguments: { a: 2, b: 40 } };
  const execution = await tour.request('POST', '/api/v1/executions', call);
  tour.expect('the call has succeeded', execution['status'], 'succeeded');

  tour.say('A call with wrong arguments never reaches the server, and is kept all the same');
  const wrong = { ...call, arguments: { a: 'two' } };
  const refused = await tour.request('POST', '/api/v1/executions', wrong, {
    status: 422,
    show: pick('code', 'detail', 'errors'),
  });
  tour.expect('the error names the argument', JSON.stringify(refused['errors']).includes('/arguments'), true);

  tour.say('All of it is events');
  const stream = `execution-${String(execution['id'])}`;
  const history = await tour.request('GET', `/api/v1/streams/${stream}/events`, undefined, { show: eventLines });
  tour.expect('three events tell the call', types(history), [
    'ExecutionRequested',
    'ExecutionStarted',
    'ExecutionSucceeded',
  ]);

  const before = new Date().toISOString();
  await delay(20);

  tour.say('Change it: each change is a version');
  await tour.request(
    'PATCH',
    path,
    { description: 'Demonstration server', tags: ['demo'] },
    { show: pick('version', 'description', 'tags') },
  );
  await tour.request(
    'PATCH',
    path,
    { transport: memory },
    { show: (mcp) => ({ ...pick('version')(mcp), tools: names(mcp['tools']) }) },
  );

  tour.say('What changed between two versions, and what it breaks for those who call the tools');
  const diff = await tour.request('GET', `${path}/versions/2/diff?to=3`, undefined, { show: shortDiff });
  tour.expect('removed tools are breaking', (diff['breaking'] as unknown[]).length > 0, true);

  tour.say('Roll back: the old content, as a new version');
  const rolledBack = await tour.request(
    'POST',
    `${path}/rollback`,
    { toVersion: 2 },
    { show: pick('version', 'description') },
  );
  tour.expect('version 4 has the tools of version 2', names(rolledBack['tools']), names(registered['tools']));

  tour.say(`The same mcp as it was at ${before}`);
  const past = await tour.request('GET', `${path}?asOf=${encodeURIComponent(before)}`, undefined, {
    show: pick('version', 'description', 'tags'),
  });
  tour.expect('it has the old description', past['description'], 'The reference server');

  tour.say('Who did what');
  const audit = await tour.request('GET', '/api/v1/audit?q=everything&limit=5', undefined, { show: auditLines });
  tour.expect('the trail is found by its words', (audit['items'] as unknown[]).length > 0, true);

  tour.say('Throw a read model away and build it anew from the log');
  const list = await tour.request('GET', '/api/v1/executions', undefined, { show: countOf });
  const rebuild = await tour.request(
    'POST',
    '/api/v1/projections/executions/rebuild',
    {},
    { status: 202, show: pick('id', 'version', 'status') },
  );
  await finished(tour, String(rebuild['id']));
  const rebuilt = await tour.request('GET', '/api/v1/executions', undefined, { show: countOf });
  tour.expect('the rebuilt list is the same to the last field', rebuilt, list);
}

async function finished(tour: Tour, id: string): Promise<void> {
  for (;;) {
    const status = await tour.request('GET', `/api/v1/projections/executions/rebuilds/${id}`, undefined, {
      show: pick('status', 'done', 'total', 'eventsPerSecond', 'etaMs'),
    });
    if (status['status'] !== 'running') {
      tour.expect('the rebuild has succeeded', status['status'], 'succeeded');
      return;
    }
    await delay(200);
  }
}

function pick(...keys: readonly string[]): (answer: Json) => Json {
  return (answer) => Object.fromEntries(keys.map((key) => [key, answer[key]]));
}

function names(list: unknown): readonly string[] {
  return (list as { name: string }[]).map(({ name }) => name);
}

function types(page: Json): readonly unknown[] {
  return (page['items'] as Json[]).map(({ type }) => type);
}

function eventLines(page: Json): readonly string[] {
  return (page['items'] as Json[]).map(
    ({ position, type, revision }) => `${String(position)} ${String(type)} (revision ${String(revision)})`,
  );
}

function auditLines(page: Json): readonly string[] {
  return (page['items'] as Json[]).map(({ at, actor, action, outcome }) => [at, actor, action, outcome].join('  '));
}

function shortDiff({ tools, breaking, changes }: Json): unknown {
  return { changes: (changes as unknown[]).length, tools, breaking: (breaking as unknown[]).slice(0, 3) };
}

function countOf(page: Json): Json {
  return { items: (page['items'] as unknown[]).length };
}
