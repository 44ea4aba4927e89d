import { afterEach, expect, test } from 'vitest';
import { handle } from '../../src/commands/transaction.ts';
import type { Decider } from '../../src/domain/decider.ts';
import { DomainError } from '../../src/domain/error.ts';
import type { ProjectionEvent } from '../../src/domain/projection/events.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import type { ProjectionControl, RebuildStatus } from '../../src/ports/projection-control.ts';
import { createRebuildReports, type RebuildReports } from '../../src/reactors/projections/rebuild-reports.ts';
import { newCommand, openCommandSide } from '../commands/harness.ts';
import { until } from '../http/support/until.ts';
import { quiet } from '../relay/support/logger.ts';

const id = '01936f2a-7c11-7000-8000-0000000000aa';
const running: RebuildStatus = {
  id,
  projection: 'mcps',
  version: 2,
  status: 'running',
  done: 50,
  total: 200,
  eventsPerSecond: 1000,
  etaMs: 150,
  startedAt: '2026-03-01T10:00:00.000Z',
  finishedAt: null,
  error: null,
  errorPosition: null,
};

const recorder: Decider<null, ProjectionEvent, ProjectionEvent> = {
  category: 'projection',
  initialState: null,
  evolve: () => null,
  decide: (event) => [event],
};

const open: RebuildReports[] = [];
afterEach(() => {
  for (const reports of open.splice(0)) reports.close();
});

/** Two processes on one log and one coordinator: the first rebuilds, the second is asked. */
async function twoProcesses() {
  const { deps, store } = await openCommandSide();
  const coordination = createMemoryCoordination({ logger: quiet });
  let status: RebuildStatus | undefined;
  const controlOf = (known: () => RebuildStatus | undefined) =>
    ({
      rebuildStatus: async (_name: string, asked: string) => {
        const found = known();
        if (found?.id === asked) return found;
        throw new DomainError('not_found', 'rebuild_not_found', 'not here');
      },
    }) satisfies Pick<ProjectionControl, 'rebuildStatus'>;
  const reportsOn = (known: () => RebuildStatus | undefined, cache = coordination.cache) => {
    const reports = createRebuildReports(controlOf(known), store, cache);
    open.push(reports);
    return reports;
  };
  return {
    rebuilder: reportsOn(() => status),
    asked: reportsOn(() => undefined),
    /** One that no coordinator reaches. */
    alone: reportsOn(() => undefined, createMemoryCoordination({ logger: quiet }).cache),
    goes: (next: RebuildStatus) => void (status = next),
    record: (event: ProjectionEvent) => handle(deps, newCommand(), recorder, 'mcps', event),
  };
}

test('the progress of a rebuild is told by other processes, and its end', async () => {
  const { rebuilder, asked, goes, record } = await twoProcesses();
  goes(running);
  await record({ type: 'ProjectionRebuildStarted', data: { rebuildId: id, version: 2 } });
  rebuilder.follow('mcps', id);
  await until(async () => (await asked.status('mcps', id)).done === 50, 'the progress is told', 10_000);
  expect(await asked.status('mcps', id)).toEqual(running);

  const over = { ...running, status: 'succeeded', done: 200, finishedAt: '2026-03-01T10:00:01.000Z' } as const;
  goes(over);
  await until(async () => (await asked.status('mcps', id)).status === 'succeeded', 'the end is told', 10_000);
  expect(await asked.status('mcps', id)).toEqual(over);
});

test('without the word of the process that rebuilds, the log tells that a rebuild runs, and how it ended', async () => {
  const { alone, record } = await twoProcesses();
  await expect(alone.status('mcps', id)).rejects.toThrow('has no rebuild');
  await record({ type: 'ProjectionRebuildStarted', data: { rebuildId: id, version: 7 } });
  expect(await alone.status('mcps', id)).toMatchObject({ id, version: 7, status: 'running', finishedAt: null });
  await record({
    type: 'ProjectionRebuildFailed',
    data: { rebuildId: id, version: 7, message: 'event 3 is bad', position: 3 },
  });
  expect(await alone.status('mcps', id)).toMatchObject({ status: 'failed', error: 'event 3 is bad', errorPosition: 3 });
  const other = '01936f2a-7c11-7000-8000-0000000000bb';
  await record({ type: 'ProjectionRebuildStarted', data: { rebuildId: other, version: 8 } });
  await record({
    type: 'ProjectionRebuildCompleted',
    data: { rebuildId: other, version: 8, events: 40, durationMs: 5 },
  });
  expect(await alone.status('mcps', other)).toMatchObject({ version: 8, status: 'succeeded', done: 40, total: 40 });
});

test('an end that stands in the log counts more than what was told before it', async () => {
  const { rebuilder, asked, goes, record } = await twoProcesses();
  goes(running);
  await record({ type: 'ProjectionRebuildStarted', data: { rebuildId: id, version: 2 } });
  rebuilder.follow('mcps', id);
  await until(async () => (await asked.status('mcps', id)).done === 50, 'the progress is told', 10_000);
  rebuilder.close();
  await record({ type: 'ProjectionRebuildCompleted', data: { rebuildId: id, version: 2, events: 200, durationMs: 9 } });
  expect(await asked.status('mcps', id)).toMatchObject({ status: 'succeeded', done: 200 });
});
