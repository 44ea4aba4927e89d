import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp, type User } from '../http/support/app.ts';
import { openSse } from '../http/support/sse.ts';
import { until } from '../http/support/until.ts';
import { ask, type Execution, type Mcp } from '../integration/support/api.ts';

const program = join(import.meta.dirname, '../fixtures/out-of-order-server.ts');
const seed = 20_261_123;
const [clients, callsEach] = [12, 25];

let app: TestApp;
let people: readonly User[];
let overHttp: ChildProcess;
let url: string;

beforeAll(async () => {
  app = await startTestApp({ env: { ANNALS_RATE_LIMITS: 'off' } });
  const everybody: User[] = [];
  for (let index = 0; index < clients; index++) everybody.push(await app.newUser(['developer']));
  people = everybody;
  overHttp = spawn(process.execPath, [program, 'http', String(seed)], { stdio: ['ignore', 'ignore', 'pipe'] });
  if (!overHttp.stderr) throw new Error('it has no standard error');
  const [line] = (await once(createInterface({ input: overHttp.stderr }), 'line')) as [string];
  url = line;
}, 60_000);
afterAll(async () => {
  await app.close();
  overHttp.kill('SIGKILL');
});

/** Cancels what a person runs, some of it while it runs. */
async function cancelSome(person: User): Promise<void> {
  const { items } = await ask<{ items: { id: string }[] }>(app, 200, 'GET', '/api/v1/executions?status=running', {
    token: person.token,
  });
  for (const { id } of items.slice(0, 2)) {
    const reply = await app.request('POST', `/api/v1/executions/${id}/cancel`, { token: person.token });
    expect([200, 404, 409], reply.text).toContain(reply.status);
  }
}

describe.each(['stdio', 'http'] as const)('SEC8: a server that answers out of order, by %s, shared by all', (kind) => {
  let mcp: Mcp;
  beforeAll(async () => {
    const transport =
      kind === 'stdio'
        ? { type: 'stdio', command: 'node', args: [program, 'stdio', String(seed)] }
        : { type: 'streamable-http', url };
    mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: `shared-${kind}`, transport } });
  });

  test('gives each call its own answer, whatever is cancelled meanwhile', async () => {
    const outcomes = await Promise.all(
      people.map(async (person) => {
        const calls = Array.from({ length: callsEach }, async (_, index) => {
          // All count from the same number, as JSON-RPC clients do.
          const message = `${person.username} ${index}`;
          const body = { mcpId: mcp.id, tool: 'say', arguments: { message, id: index } };
          const headers = { 'X-Correlation-Id': `call-${index}` };
          const reply = await app.request('POST', '/api/v1/executions', { token: person.token, headers, body });
          const execution = reply.body as Execution & { requestedBy: string };
          expect(reply.status, reply.text).toBe(200);
          expect(execution.requestedBy).toBe(`user:${person.id}`);
          if (execution.status === 'cancelled') return 'cancelled';
          expect(execution.result?.content).toEqual([{ type: 'text', text: message }]);
          return 'answered';
        });
        const cancelling = cancelSome(person);
        const ended = await Promise.all(calls);
        await cancelling;
        return ended;
      }),
    );
    const all = outcomes.flat();
    expect(all).toHaveLength(clients * callsEach);
    expect(all.filter((outcome) => outcome === 'answered').length).toBeGreaterThan(clients * callsEach * 0.5);
  });

  test('gives each call its own notes of progress', async () => {
    const heard = await Promise.all(
      people.map(async (person) => {
        const message = `progress of ${person.username};`;
        const { token } = person;
        const body = { mcpId: mcp.id, tool: 'say', arguments: { message, notes: 60 } };
        const call = app.request('POST', '/api/v1/executions', { token, body });
        let running: string | undefined;
        await until(async () => {
          const path = `/api/v1/executions?status=running&mcpId=${mcp.id}`;
          [running] = (await ask<{ items: { id: string }[] }>(app, 200, 'GET', path, { token })).items.map(
            ({ id }) => id,
          );
          return running !== undefined;
        }, 'the call runs');
        const headers = { Authorization: `Bearer ${token}` };
        const reader = await openSse(`${app.url}/api/v1/executions/${running ?? ''}/stream`, headers);
        expect((await call).text).toContain(message);
        await until(() => reader.ended, 'the stream ends with its call');
        const notes = [...reader.text.matchAll(/event: progress\ndata: (.*)\n/g)].map(([, text = '']) => text);
        return { message, notes };
      }),
    );
    expect(heard.flatMap(({ notes }) => notes).length).toBeGreaterThan(clients);
    for (const { message, notes } of heard) for (const note of notes) expect(note).toContain(message);
  });
});
