import { describe, expect, it } from 'vitest';
import { demand } from '../../src/commands/denials.ts';
import { retireMcp } from '../../src/commands/mcps.ts';
import { logIn } from '../../src/commands/sessions.ts';
import { registerUser } from '../../src/commands/users.ts';
import { exportAudit, type AuditExportRequest } from '../../src/queries/audit/export.ts';
import type { AuditItem } from '../../src/queries/audit/item.ts';
import { listAudit, type AuditListRequest } from '../../src/queries/audit/list.ts';
import { refusal, walk } from './pages.ts';
import { call, newCommand, openWorld, principal, register, succeeded, type World } from './world.ts';

async function entries(world: World, request: AuditListRequest): Promise<AuditItem[]> {
  await world.project();
  return walk((cursor) => listAudit(world.queries, { limit: 3, ...request, ...(cursor && { cursor }) }));
}

async function actions(world: World, request: AuditListRequest): Promise<string[]> {
  return (await entries(world, request)).map(({ action }) => action);
}

async function exported(world: World, request: AuditExportRequest): Promise<AuditItem[]> {
  const items: AuditItem[] = [];
  for await (const item of exportAudit(world.queries, request)) items.push(item);
  return items;
}

/** A day of several people: successes, failures, a denial. */
async function history(world: World) {
  const mcpId = await register(world, 'weather', { description: '天气预报' });
  const retire = newCommand('bob', { remoteAddress: '203.0.113.7' });
  await retireMcp(world.deps, retire, mcpId);
  world.time.now += 3_600_000;
  await call(world, { mcpId, arguments: { city: '东京' } }, succeeded('fine'));
  await call(
    world,
    { requestedBy: 'user:bob' },
    {
      type: 'FailExecution',
      error: { code: 'upstream_error', message: 'connection reset' },
      durationMs: 1,
    },
  );
  const nobody = { ...principal('eve'), roles: [] };
  const attempt = demand(world.deps, { ...newCommand('eve'), principal: nobody }, 'mcp:write', `mcp-${mcpId}`);
  await attempt.catch(() => undefined);
  return { mcpId, retire };
}

describe('the audit trail', () => {
  it('is filtered by who, what, on what, how it ended, when, and by request', async () => {
    const world = await openWorld();
    const { mcpId, retire } = await history(world);
    const all = await actions(world, { sort: 'position' });
    expect(all).toEqual([
      'NameReserved',
      'McpRegistered',
      'McpRetired',
      'ExecutionRequested',
      'ExecutionStarted',
      'ExecutionSucceeded',
      'ExecutionRequested',
      'ExecutionStarted',
      'ExecutionFailed',
      'AccessDenied',
    ]);
    expect(await actions(world, {})).toEqual([...all].reverse());
    expect(await actions(world, { actor: 'user:bob' })).toEqual([
      'ExecutionFailed',
      'ExecutionStarted',
      'ExecutionRequested',
      'McpRetired',
    ]);
    expect(await actions(world, { action: 'ExecutionStarted' })).toHaveLength(2);
    expect(await actions(world, { resource: `mcp-${mcpId}` })).toEqual(['AccessDenied', 'McpRetired', 'McpRegistered']);
    expect(await actions(world, { outcome: 'denied' })).toEqual(['AccessDenied']);
    expect(await actions(world, { outcome: 'failed' })).toEqual(['ExecutionFailed']);
    expect(await actions(world, { outcome: 'failed', action: 'McpRetired' })).toEqual([]);
    expect(await actions(world, { outcome: 'succeeded' })).toHaveLength(8);
    expect(await actions(world, { correlationId: retire.correlationId })).toEqual(['McpRetired']);
    expect(await actions(world, { to: '2026-03-01T10:30:00Z' })).toHaveLength(3);
    expect(await actions(world, { from: '2026-03-01T10:30:00Z' })).toHaveLength(7);
    expect(await actions(world, { asOf: 3 })).toHaveLength(3);
    const [first] = await entries(world, { actor: 'user:bob', sort: 'at' });
    expect(first).toMatchObject({ action: 'McpRetired', remoteAddress: '203.0.113.7', at: '2026-03-01T10:00:00.000Z' });
  });

  it('is searched by words, Chinese ones too, and nothing typed is more than words', async () => {
    const world = await openWorld();
    await history(world);
    expect(await actions(world, { q: '东京' })).toEqual(['ExecutionRequested']);
    expect(await actions(world, { q: '天气 weather' })).toEqual(['McpRegistered']);
    expect(await actions(world, { q: 'connection reset' })).toEqual(['ExecutionFailed']);
    expect(await actions(world, { q: 'access denied' })).toEqual(['AccessDenied']);
    expect(await actions(world, { q: 'forecast', actor: 'user:bob' })).toEqual(['ExecutionRequested']);
    const [found] = await entries(world, { q: '东京' });
    expect(found?.snippet).toContain('\u0002东京\u0003');
    for (const hostile of ['" OR ""="', 'action:McpRetired OR x', '* OR *', "x' or '1'='1", '{$gt:1}']) {
      expect(await actions(world, { q: hostile }), hostile).toEqual([]);
    }
    for (const field of ['actor', 'action', 'resource', 'correlationId'] as const) {
      expect(await actions(world, { [field]: "x' or '1'='1" }), field).toEqual([]);
    }
  });

  it('is exported whole and in order, whether or not its read model has followed', async () => {
    const world = await openWorld();
    const { mcpId } = await history(world);
    expect(world.models.position('audit')).toBe(0);
    const whole = await exported(world, {});
    expect(whole.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(whole).toEqual(await entries(world, { sort: 'position' }));
    const filters: AuditExportRequest[] = [
      { actor: 'user:bob' },
      { action: 'ExecutionStarted' },
      { resource: `mcp-${mcpId}` },
      { outcome: 'denied' },
      { from: '2026-03-01T10:30:00Z', to: '2026-03-01T11:00:00Z' },
      { q: 'forecast' },
      { q: 'forecast', asOf: 6 },
      { asOf: 2 },
    ];
    for (const filter of filters) {
      const items = (await exported(world, filter)).map(withoutSnippet);
      expect(items.length, JSON.stringify(filter)).toBeGreaterThan(0);
      expect(items).toEqual((await entries(world, { ...filter, sort: 'position' })).map(withoutSnippet));
    }
  });

  it('never tells a secret', async () => {
    const world = await openWorld();
    const user = newCommand();
    await registerUser(world.deps, user, { username: 'ada', email: 'ada@example.org', password: 'correct horse' });
    const { refreshToken } = await logIn(world.deps, newCommand(), 'ada', 'correct horse');
    await logIn(world.deps, newCommand(), 'ada', 'wrong horse').catch(() => undefined);
    const text = JSON.stringify([await entries(world, {}), await exported(world, {})]);
    expect(text).toContain('UserRegistered');
    for (const secret of ['horse', 'argon2', refreshToken, 'tokenHash', 'passwordHash'])
      expect(text).not.toContain(secret);
    for (const q of ['horse', 'argon2id', 'passwordHash']) expect(await entries(world, { q })).toEqual([]);
  });

  it('refuses what it cannot answer, and names the parameter', async () => {
    const world = await openWorld();
    await history(world);
    await world.project();
    const list = (request: AuditListRequest) => refusal(listAudit(world.queries, request));
    expect(await list({ sort: 'actor' })).toMatchObject({ code: 'invalid_sort', pointer: '/sort' });
    expect(await list({ from: '1' })).toMatchObject({ code: 'invalid_time', pointer: '/from' });
    expect(await list({ asOf: 99 })).toMatchObject({ code: 'as_of_in_future', pointer: '/asOf' });
    const { nextCursor } = await listAudit(world.queries, { limit: 1 });
    expect(await list({ sort: 'position', cursor: nextCursor ?? '' })).toMatchObject({ pointer: '/cursor' });
  });
});

function withoutSnippet({ snippet: _snippet, ...item }: AuditItem) {
  return item;
}
