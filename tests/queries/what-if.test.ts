import { beforeEach, expect, test } from 'vitest';
import { createLocalRateLimits } from '../../src/infrastructure/coordination/local-rate-limits.ts';
import type { QueryDeps } from '../../src/queries/deps.ts';
import { previewPolicy } from '../../src/queries/what-if/preview.ts';
import { call, openWorld, principal, register, succeeded, type World } from './world.ts';

const calls = 7;
const nothingChanged = { roles: { roles: [], members: [] }, limits: [] };
const reader = principal('ada');
const createWindows = createLocalRateLimits;

let world: World;

beforeEach(async () => {
  world = await openWorld();
  const mcpId = await register(world, 'weather');
  for (let n = 0; n < calls; n++) await call(world, { mcpId }, succeeded('sunny'));
});

test('a preview stops at its limit of calls, says so and where, and goes on from there', async () => {
  const { signal } = new AbortController();
  const found: number[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 5; page++) {
    const request = { ...nothingChanged, ...(cursor !== undefined && { cursor }) };
    const { totals, progress, nextCursor } = await previewPolicy(world.queries, request, {
      reader,
      createWindows,
      signal,
      mostCalls: 3,
    });
    found.push(totals.calls);
    if (nextCursor === null) {
      expect(progress).toMatchObject({ complete: true, stopped: null });
      break;
    }
    expect(progress).toMatchObject({ complete: false, stopped: 'calls' });
    expect(progress.position).toBeLessThan(progress.through);
    cursor = nextCursor;
  }
  expect(found).toEqual([3, 3, 1]);
});

test('nothing more is read for somebody who has gone', async () => {
  const leaving = new AbortController();
  let reads = 0;
  const store: QueryDeps['store'] = {
    ...world.store,
    async readAll(options) {
      reads++;
      const slice = await world.store.readAll({ ...options, limit: 2 });
      // While the first calls are looked at.
      if (slice.events.some(({ type }) => type === 'ExecutionRequested')) leaving.abort();
      return slice;
    },
  };
  const { totals, progress, nextCursor } = await previewPolicy({ ...world.queries, store }, nothingChanged, {
    reader,
    createWindows,
    signal: leaving.signal,
  });
  expect(progress).toMatchObject({ complete: false, stopped: 'cancelled' });
  expect(totals.calls).toBe(0);
  expect(nextCursor).not.toBeNull();
  expect(reads).toBeLessThan(calls);
});
