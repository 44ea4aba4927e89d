import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ok } from '../../src/http/answer.ts';
import { createAnswerCache, type CacheOutcome } from '../../src/http/route/answer-cache.ts';
import { defineRoute } from '../../src/http/route/define-route.ts';
import { RequestContext } from '../../src/http/route/request-context.ts';
import type { Principal } from '../../src/domain/access/principal.ts';
import type { Coordination } from '../../src/ports/coordination.ts';
import type { ModelState, ReadModels } from '../../src/ports/read-models.ts';
import { until } from '../contract/coordination/helpers.ts';
import { logLines } from '../support/log-lines.ts';
import { temporaryRedis } from '../contract/coordination/temporary-redis.ts';
import { onEngine } from '../support/engines.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const admin: Principal = { actor: 'user:1', userId: '1', tenant: 'default', roles: ['admin'], sessionId: 's' };
const state: ModelState = { version: 1, schemaVersion: 1, changedAt: 7, isRemote: true };

/** A process that answers `GET /mcps/{id}` from a model whose state the test says. */
async function processOn({ cache: shared }: Pick<Coordination, 'cache'>) {
  const now = { state: { ...state } as ModelState | undefined, principal: admin, reads: 0, fails: false, moves: false };
  const outcomes: CacheOutcome[] = [];
  const models: ReadModels = {
    relational: refuse,
    document: refuse,
    documents: refuse,
    search: refuse,
    position: () => 0,
    waitFor: () => Promise.resolve(0),
    state: () => now.state,
  };
  const cached = createAnswerCache({
    models,
    shared,
    logId: 'log',
    logger: logLines(),
    count: (outcome) => void outcomes.push(outcome),
  });
  const route = defineRoute({
    method: 'get',
    path: '/mcps/{id}',
    summary: '',
    tags: [],
    access: { permission: 'mcp:read', on: 'some' },
    reads: 'mcps',
    keeps: {},
    request: { params: z.object({ id: z.string() }) },
    responses: {},
    handler({ params }) {
      now.reads++;
      if (now.fails) throw new Error('no');
      if (now.moves && now.state) now.state = { ...now.state, changedAt: now.state.changedAt + 1 };
      return ok({ id: params.id, read: now.reads }, 3);
    },
  });
  const app = express();
  app.get('/mcps/:id', async (request, response) => {
    const context = new RequestContext(request, response);
    context.principal = now.principal;
    const run = route.prepare({ params: request.params, query: undefined, body: undefined });
    const answer = await cached(route, context, run).catch(() => ({ status: 500 }));
    response.json(answer);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  const { port } = await new Promise<AddressInfo>((resolve) =>
    server.once('listening', () => resolve(server.address() as AddressInfo)),
  );
  const get = async (path = '/mcps/a'): Promise<unknown> => {
    await (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })).text();
    return outcomes.splice(0).at(-1) ?? 'not kept';
  };
  return { now, get };
}

function refuse(): never {
  throw new Error('nothing is read here');
}

onEngine('redis', (url) => {
  it('an answer is kept for all who may see the same, until anything that it depends on is another', async () => {
    const place = temporaryRedis(url);
    onTestFinished(() => place.dispose());
    const here = await processOn(place.open().coordination);
    const there = await processOn(place.open().coordination);
    expect(await here.get()).toBe('miss');
    expect(await here.get()).toBe('hit_own');
    await until(async () => expect(await there.get()).toBe('hit_shared'));
    expect(await there.get()).toBe('hit_own');
    there.now.principal = { ...admin, actor: 'user:2', userId: '2' };
    expect(await there.get()).toBe('hit_own');
    const others: Partial<Principal>[] = [
      { permissions: ['mcp:own'] },
      { permissions: ['mcp:own'], actor: 'user:2' },
      { scopes: ['mcp:read'] },
      { tenant: 'another' },
    ];
    for (const other of others) {
      there.now.principal = { ...admin, ...other };
      expect(await there.get()).toBe('miss');
    }
    there.now.principal = admin;
    for (const other of [{ version: 2 }, { schemaVersion: 2 }, { changedAt: 8 }]) {
      there.now.state = { ...state, ...other };
      expect(await there.get()).toBe('miss');
    }
    there.now.state = state;
    expect(await there.get('/mcps/b')).toBe('miss');
    expect(await there.get('/mcps/a?x=1&y=2')).toBe('miss');
    expect(await there.get('/mcps/a?y=2&x=1')).toBe('hit_own');
    for (const past of ['asOf=1', 'revision=1']) expect(await there.get(`/mcps/a?${past}`)).toBe('not kept');
    for (const bare of [undefined, { ...state, isRemote: false }]) {
      there.now.state = bare;
      expect(await there.get()).toBe('not kept');
    }
  });

  it('errors are not kept, nor what was read while the model changed', async () => {
    const place = temporaryRedis(url);
    onTestFinished(() => place.dispose());
    const { now, get } = await processOn(place.open().coordination);
    now.fails = true;
    expect([await get(), await get()]).toEqual(['miss', 'miss']);
    now.fails = false;
    now.moves = true;
    expect([await get('/mcps/b'), await get('/mcps/b')]).toEqual(['miss', 'miss']);
    now.moves = false;
    now.state = state;
    expect(await get('/mcps/b')).toBe('miss');
    expect([await get(), await get()]).toEqual(['miss', 'hit_own']);
  });

  it.each(['emptied', 'stopped', 'silent'] as const)('a Redis that is %s costs time and no answer', async (how) => {
    const { hostname, port } = new URL(url);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port || 6379) });
    const place = temporaryRedis(url);
    onTestFinished(async () => {
      await place.dispose();
      await proxy.close();
    });
    const { coordination } = place.open({ url: `redis://${proxy.host}:${proxy.port}`, timeoutMs: 200 });
    await coordination.ping();
    const { now, get } = await processOn(coordination);
    expect(await get()).toBe('miss');
    if (how === 'emptied') await place.empty();
    else if (how === 'stopped') proxy.cut();
    else proxy.stall();
    expect(await get()).toBe('hit_own');
    now.state = { ...state, changedAt: 8 };
    expect([await get(), await get()]).toEqual(['miss', 'hit_own']);
    expect(now.reads).toBe(2);
  });
});
