import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ExecutionOutcome } from '../../src/commands/executions.ts';
import { executionOfEvents, getExecution } from '../../src/queries/executions/get.ts';
import type { ExecutionListRequest } from '../../src/queries/executions/list-model.ts';
import { listExecutions, unfinishedExecutions } from '../../src/queries/executions/list.ts';
import { refusal, walk } from './pages.ts';
import { call, onEachRelationalStore, openWorld, seesAll, succeeded, type World } from './world.ts';

const ada = { actor: 'user:ada', seesAll: false };
const failed: ExecutionOutcome = {
  type: 'FailExecution',
  error: { code: 'upstream_error', message: 'reset' },
  durationMs: 5,
};

async function ids(world: World, request: ExecutionListRequest, viewer = seesAll) {
  return (await walk((cursor) => listExecutions(world.queries, viewer, { ...request, ...(cursor && { cursor }) }))).map(
    ({ id }) => id,
  );
}

onEachRelationalStore(() => {
  describe('an execution', () => {
    it('is told as its interface says', async () => {
      const world = await openWorld();
      const id = await call(world, { replayOf: 'e0' }, succeeded('Sunny'));
      await world.project();
      expect(await getExecution(world.queries, ada, id, {})).toEqual({
        resource: {
          id,
          mcpId: '01920000-0000-7000-8000-000000000001',
          mcpName: 'weather',
          mcpVersion: 1,
          tool: 'forecast',
          arguments: { city: 'Bern' },
          mode: 'sync',
          status: 'succeeded',
          result: { content: [{ type: 'text', text: 'Sunny' }] },
          requestedBy: 'user:ada',
          requestedAt: '2026-03-01T10:00:00.000Z',
          startedAt: '2026-03-01T10:00:00.000Z',
          finishedAt: '2026-03-01T10:00:00.005Z',
          durationMs: 5,
          attempts: 1,
          timeoutMs: 30_000,
          replayOf: 'e0',
        },
        revision: 2,
        position: 3,
      });
    });

    it('is made from its events without any read model', async () => {
      const world = await openWorld();
      const id = await call(world, {}, failed);
      const told = await executionOfEvents(world.queries, await world.store.readStream(`execution-${id}`));
      await world.project();
      expect(told).toEqual(await getExecution(world.queries, seesAll, id, {}));
      expect(told.resource).toMatchObject({ status: 'failed', error: { code: 'upstream_error', message: 'reset' } });
      expect(told.resource).not.toHaveProperty('result');
    });

    it('is told with a result that lies outside its events, which lists only name', async () => {
      const world = await openWorld();
      const result = { content: [{ type: 'text', text: 'x'.repeat(100_000) }] };
      const blob = await world.blobs.put(Buffer.from(JSON.stringify(result)), 'application/json');
      const id = await call(world, {}, { type: 'SucceedExecution', result: { blob }, durationMs: 1 });
      await world.project();
      expect((await getExecution(world.queries, seesAll, id, {})).resource.result).toEqual(result);
      const [listed] = (await listExecutions(world.queries, seesAll, {})).items;
      expect(listed).toMatchObject({ id, result: null, resultRef: { sha256: blob.sha256, size: blob.size } });
    });

    it('is told without a result whose bytes are gone', async () => {
      const world = await openWorld();
      const sha256 = createHash('sha256').update('never stored').digest('hex');
      const blob = { sha256, size: 12, mediaType: 'application/json' };
      const id = await call(world, {}, { type: 'SucceedExecution', result: { blob }, durationMs: 1 });
      await world.project();
      const { resource } = await getExecution(world.queries, seesAll, id, {});
      expect(resource).toMatchObject({ status: 'succeeded', result: null, resultRef: { sha256, size: 12 } });
    });

    it('does not exist for somebody else, now or then, and no refusal tells more', async () => {
      const world = await openWorld();
      const id = await call(world, { requestedBy: 'user:bob' }, succeeded('secret'));
      await world.project();
      const nobodys = '01920000-0000-7000-8000-00000000dead';
      for (const moment of [{}, { asOf: 1 }, { asOf: 3 }, { revision: 0 }, { revision: 99 }]) {
        const his = await getExecution(world.queries, ada, id, moment).catch((error: unknown) => error);
        const none = await getExecution(world.queries, ada, nobodys, moment).catch((error: unknown) => error);
        expect(his).toMatchObject({ code: 'execution_not_found', kind: 'not_found' });
        expect(his).toEqual(none);
      }
      expect(await refusal(getExecution(world.queries, seesAll, 'not-an-id', {}))).toMatchObject({
        code: 'execution_not_found',
      });
      expect((await getExecution(world.queries, { actor: 'user:bob', seesAll: false }, id, {})).resource.id).toBe(id);
    });
  });

  describe('the list of executions', () => {
    it('shows to a viewer what is his, and to one who sees all everything', async () => {
      const world = await openWorld();
      const mine = await call(world, {}, succeeded('one'));
      const his = await call(world, { requestedBy: 'user:bob' }, succeeded('two'));
      await world.project();
      expect(await ids(world, {}, ada)).toEqual([mine]);
      expect(await ids(world, { requestedBy: 'user:bob' }, ada)).toEqual([]);
      expect(await ids(world, { q: 'weather' }, ada)).toEqual([mine]);
      expect(await ids(world, { q: 'two' }, ada)).toEqual([]);
      expect(await ids(world, { q: 'two', requestedBy: 'user:bob' }, ada)).toEqual([]);
      expect(await ids(world, { asOf: await world.store.head() }, ada)).toEqual([mine]);
      expect(await ids(world, {})).toEqual([his, mine]);
      expect(await ids(world, { requestedBy: 'user:bob' })).toEqual([his]);
    });

    it('is filtered by fields and by time, and sorted by when they were asked for', async () => {
      const world = await openWorld();
      const one = await call(world, { tool: 'a', mcpId: 'm1' }, succeeded('x'));
      world.time.now += 3_600_000;
      const two = await call(world, { tool: 'b', mcpId: 'm1', mode: 'async' }, failed);
      world.time.now += 3_600_000;
      const three = await call(world, { tool: 'a', mcpId: 'm2', replayOf: one });
      await world.project();
      expect(await ids(world, {})).toEqual([three, two, one]);
      expect(await ids(world, { sort: 'requestedAt', limit: 1 })).toEqual([one, two, three]);
      expect(await ids(world, { tool: 'a' })).toEqual([three, one]);
      expect(await ids(world, { mcpId: 'm1', limit: 1 })).toEqual([two, one]);
      expect(await ids(world, { status: 'failed' })).toEqual([two]);
      expect(await ids(world, { status: 'running' })).toEqual([three]);
      expect(await ids(world, { mode: 'async' })).toEqual([two]);
      expect(await ids(world, { replayOf: one })).toEqual([three]);
      expect(await ids(world, { from: '2026-03-01T11:00:00Z' })).toEqual([three, two]);
      expect(await ids(world, { to: '2026-03-01T11:00:00.005Z' })).toEqual([two, one]);
      expect(await ids(world, { to: '2026-03-01T12:00:00.004+01:00' })).toEqual([one]);
      expect(await ids(world, { from: '2026-03-01T10:30:00Z', to: '2026-03-01T11:30:00Z' })).toEqual([two]);
      expect(await unfinishedExecutions(world.queries, await world.store.head())).toMatchObject([{ id: three }]);
      expect(await unfinishedExecutions(world.queries, 6)).toEqual([]);
    });

    it('leaves out large results, and ends a page early under large arguments', async () => {
      const world = await openWorld();
      const large = { text: 'y'.repeat(1_500_000) };
      const calls = [];
      for (let n = 0; n < 4; n++) calls.push(await call(world, { arguments: large }, succeeded('x'.repeat(5_000))));
      await world.project();
      const page = await listExecutions(world.queries, seesAll, { sort: 'requestedAt' });
      expect(page.items.map(({ id }) => id)).toEqual(calls.slice(0, 2));
      expect(page.items[0]).toMatchObject({ arguments: large, result: null, resultRef: { sha256: null } });
      expect(page.items[0]?.resultRef?.size).toBeGreaterThan(5_000);
      expect(await ids(world, { sort: 'requestedAt' })).toEqual(calls);
      expect(await ids(world, { sort: 'requestedAt', q: 'forecast' })).toEqual(calls);
      expect(await ids(world, { sort: 'requestedAt', asOf: await world.store.head() })).toEqual(calls);
    });

    it('finds words of what was asked and answered, Chinese ones too', async () => {
      const world = await openWorld();
      const one = await call(world, { arguments: { 城市: '东京', note: 'Grüße' } }, succeeded('明天天气很好'));
      const two = await call(world, { tool: 'convert', arguments: { currency: 'franc' } }, failed);
      const three = await call(world, { arguments: { currency: 'running' } });
      await world.project();
      expect(await ids(world, { q: '天气' })).toEqual([one]);
      expect(await ids(world, { q: '东京 明天' })).toEqual([one]);
      expect(await ids(world, { q: '气天' })).toEqual([]);
      expect(await ids(world, { q: 'GRÜßE' })).toEqual([one]);
      expect(await ids(world, { q: 'CONVERT franc' })).toEqual([two]);
      expect(await ids(world, { q: 'reset', status: 'failed', tool: 'convert' })).toEqual([two]);
      expect(await ids(world, { q: 'running' })).not.toContain(three);
      for (const hostile of [
        '" OR 1=1',
        'text:*',
        'a NEAR b',
        "'; drop table executions; --",
        '*',
        '-franc',
        '""',
        '\0',
      ]) {
        expect(await ids(world, { q: hostile }), hostile).toEqual(hostile === '-franc' ? [two] : []);
      }
      expect(await ids(world, {})).toHaveLength(3);
    });

    it('goes through what it finds page by page, though the rows come later than the search', async () => {
      const world = await openWorld();
      const calls = [];
      for (let n = 0; n < 5; n++) calls.push(await call(world, { mode: n % 2 ? 'async' : 'sync' }, succeeded(`n${n}`)));
      await world.project('execution_search');
      expect(world.models.position('executions')).toBe(0);
      expect(await ids(world, { q: 'forecast', limit: 2, sort: 'requestedAt' })).toEqual(calls);
      expect(await ids(world, { q: 'forecast', limit: 2 })).toEqual([...calls].reverse());
      expect(await ids(world, { q: 'forecast', limit: 1, mode: 'async' })).toEqual([calls[3], calls[1]]);
    });

    it('refuses what it cannot answer, and names the parameter', async () => {
      const world = await openWorld();
      await call(world, {}, succeeded('one'));
      await call(world, {}, succeeded('two'));
      await world.project();
      const list = (request: ExecutionListRequest) => refusal(listExecutions(world.queries, seesAll, request));
      expect(await list({ limit: 0 })).toEqual({ code: 'invalid_limit', kind: 'invalid', pointer: '/limit' });
      expect(await list({ limit: 201 })).toMatchObject({ pointer: '/limit' });
      expect(await list({ sort: 'durationMs' })).toEqual({ code: 'invalid_sort', kind: 'invalid', pointer: '/sort' });
      expect(await list({ sort: 'requestedAt,-requestedAt' })).toMatchObject({ pointer: '/sort' });
      expect(await list({ from: 'yesterday' })).toEqual({ code: 'invalid_time', kind: 'invalid', pointer: '/from' });
      expect(await list({ to: '2026-02-30T00:00:00Z' })).toMatchObject({ pointer: '/to' });
      expect(await list({ q: 'one', asOf: 1 })).toMatchObject({ pointer: '/q' });
      const { nextCursor } = await listExecutions(world.queries, seesAll, { limit: 1 });
      const cursor = nextCursor ?? '';
      expect(await list({ cursor, sort: 'requestedAt' })).toEqual({
        code: 'invalid_cursor',
        kind: 'invalid',
        pointer: '/cursor',
      });
      expect(await list({ cursor, q: 'one' })).toMatchObject({ pointer: '/cursor' });
      expect(await list({ cursor, asOf: 3 })).toMatchObject({ pointer: '/cursor' });
      for (const wrong of ['', 'x', cursor.slice(1), `${cursor}=`, '../..', Buffer.from('{}').toString('base64url')]) {
        expect(await list({ cursor: wrong }), wrong).toMatchObject({ code: 'invalid_cursor', pointer: '/cursor' });
      }
    });
  });
});
