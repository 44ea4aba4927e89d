import { describe, expect, it } from 'vitest';
import { changePassword, registerUser } from '../../src/commands/users.ts';
import { retireMcp } from '../../src/commands/mcps.ts';
import { listEvents, type EventListRequest } from '../../src/queries/events/list.ts';
import { streamHistory } from '../../src/queries/events/stream.ts';
import { refusal, walk } from './pages.ts';
import { call, newCommand, openWorld, register, succeeded, type World } from './world.ts';

/** Positions of all events that are found, asked for in slices. */
async function positions(world: World, request: EventListRequest): Promise<number[]> {
  await world.project();
  const head = await world.store.head();
  const found: number[] = [];
  for (let after = request.after ?? 0; after < head;) {
    const slice = await listEvents(world.queries, { limit: 2, ...request, after });
    expect(slice.nextAfter).toBeGreaterThan(after);
    found.push(...slice.items.map(({ position }) => position));
    after = slice.nextAfter;
  }
  return found;
}

describe('the events', () => {
  it('are found by category, type, stream, actor and request, slice by slice', async () => {
    const world = await openWorld();
    const mcpId = await register(world, 'weather');
    const mine = await call(world, {}, succeeded('one'));
    const retire = newCommand('bob');
    await retireMcp(world.deps, retire, mcpId);
    await call(world, { requestedBy: 'user:bob' }, succeeded('two'));
    expect(await positions(world, {})).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await positions(world, { after: 4 })).toEqual([5, 6, 7, 8, 9]);
    expect(await positions(world, { category: 'execution' })).toEqual([3, 4, 5, 7, 8, 9]);
    expect(await positions(world, { type: 'ExecutionStarted' })).toEqual([4, 8]);
    expect(await positions(world, { category: 'mcp', type: 'ExecutionStarted' })).toEqual([]);
    expect(await positions(world, { stream: `mcp-${mcpId}` })).toEqual([2, 6]);
    expect(await positions(world, { stream: `mcp-${mcpId}`, after: 2 })).toEqual([6]);
    expect(await positions(world, { stream: `mcp-${mcpId}`, after: 5, limit: 1 })).toEqual([6]);
    expect(await positions(world, { stream: `mcp-${mcpId}`, actor: 'user:bob' })).toEqual([6]);
    expect(await positions(world, { stream: `execution-${mine}`, type: 'ExecutionSucceeded' })).toEqual([5]);
    expect(await positions(world, { actor: 'user:bob' })).toEqual([6, 7, 8, 9]);
    expect(await positions(world, { actor: 'user:bob', category: 'execution', after: 7 })).toEqual([8, 9]);
    expect(await positions(world, { correlationId: retire.correlationId })).toEqual([6]);
    expect(await positions(world, { actor: 'user:bob', type: 'McpRetired' })).toEqual([6]);
    expect(await positions(world, { stream: 'mcp-nobody' })).toEqual([]);
  });

  it('go on from where a slice ended when more has happened', async () => {
    const world = await openWorld();
    const mcpId = await register(world, 'weather');
    await world.project();
    for (const request of [{}, { stream: `mcp-${mcpId}` }, { actor: 'user:ada' }]) {
      const head = await world.store.head();
      const { nextAfter } = await listEvents(world.queries, { ...request, after: 0, limit: 200 });
      expect(nextAfter).toBe(head);
      expect(await listEvents(world.queries, { ...request, after: head })).toEqual({ items: [], nextAfter: head });
    }
    await retireMcp(world.deps, newCommand(), mcpId);
    await world.project();
    for (const request of [{}, { stream: `mcp-${mcpId}` }, { actor: 'user:ada' }]) {
      expect((await listEvents(world.queries, { ...request, after: 2 })).items).toMatchObject([{ type: 'McpRetired' }]);
    }
  });

  it('are told whole, but for their secrets', async () => {
    const world = await openWorld();
    const command = newCommand();
    await registerUser(world.deps, command, { username: 'ada', email: 'ada@example.org', password: 'correct horse' });
    const stream = `user-${command.commandId}`;
    const [event] = (await listEvents(world.queries, { stream })).items;
    expect(event).toMatchObject({
      position: 3,
      stream,
      revision: 0,
      type: 'UserRegistered',
      data: { username: 'ada', passwordHash: '[redacted]' },
      metadata: { actor: 'user:ada', commandId: command.commandId },
    });
    expect((await streamHistory(world.queries, stream, {})).items).toEqual([event]);
  });

  it('make the history of a stream, from either end, page by page while it grows', async () => {
    const world = await openWorld();
    const command = newCommand();
    const id = command.commandId;
    await registerUser(world.deps, command, { username: 'ada', email: 'ada@example.org', password: 'correct horse' });
    for (let n = 0; n < 4; n++) await changePassword(world.deps, newCommand(), id, `password ${n}`);
    const revisions = async (sort: string, between?: () => Promise<void>) => {
      const read = (cursor?: string) =>
        streamHistory(world.queries, `user-${id}`, { sort, limit: 2, ...(cursor && { cursor }) });
      return (await walk(read, between)).map(({ revision }) => revision);
    };
    expect(await revisions('revision')).toEqual([0, 1, 2, 3, 4]);
    const grow = async () => {
      await changePassword(world.deps, newCommand(), id, 'another one');
    };
    expect(await revisions('-revision', grow)).toEqual([4, 3, 2, 1, 0]);
  });

  it('are refused where they cannot be asked for like that', async () => {
    const world = await openWorld();
    for (const after of [-1, 0.5]) {
      expect(await refusal(listEvents(world.queries, { after }))).toMatchObject({ pointer: '/after' });
    }
    expect(await refusal(listEvents(world.queries, { limit: 1000 }))).toMatchObject({ pointer: '/limit' });
    expect(await refusal(streamHistory(world.queries, 'mcp-nobody', {}))).toMatchObject({ code: 'stream_not_found' });
    const cursor = Buffer.from('["stream x revision",-1]').toString('base64url');
    expect(await refusal(streamHistory(world.queries, 'x', { cursor }))).toMatchObject({ pointer: '/cursor' });
  });
});
