import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFastServer, type FastServer } from '../fixtures/fast-http-server.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask } from './support/api.ts';
import { histories, Made, take, type Step } from './support/random-history.ts';
import { caughtUp, projectionsOf, rebuiltRows, rowsIn } from './support/read-models.ts';

/** What a reader saw once, and at which position of the log. */
interface Seen {
  readonly path: string;
  readonly position: number;
  readonly body: unknown;
}

let tools: ToolServer;
let fast: FastServer;
let servers: readonly string[];

beforeAll(async () => {
  [tools, fast] = await Promise.all([startToolServer(), startFastServer()]);
  servers = [tools.url, fast.url, 'http://127.0.0.1:9/mcp'];
});
afterAll(async () => {
  await Promise.all([tools.close(), fast.close()]);
});

const withQuery = (path: string, query: string) => `${path}${path.includes('?') ? '&' : '?'}${query}`;

/** Everything that can be asked about the past, as it is now. */
async function lookAround(app: TestApp, made: Made): Promise<readonly Seen[]> {
  const position = await app.head();
  const paths = [
    '/api/v1/mcps?limit=200',
    '/api/v1/mcps?sort=name,-updatedAt&status=active',
    '/api/v1/executions?limit=200',
    '/api/v1/users?sort=username',
    '/api/v1/audit?outcome=denied',
    '/api/v1/mcps/export',
    ...made.mcps
      .slice(-3)
      .flatMap((id) => [`/api/v1/mcps/${id}`, `/api/v1/mcps/${id}/versions`, `/api/v1/mcps/${id}/tools`]),
    ...made.executions.slice(-2).map((id) => `/api/v1/executions/${id}`),
    ...made.users.slice(-1).map(({ id }) => `/api/v1/users/${id}`),
  ];
  const headers = { 'X-Wait-For-Position': String(position) };
  const seen: Seen[] = [];
  for (const path of paths) seen.push({ path, position, body: await ask(app, 200, 'GET', path, { headers }) });
  return seen;
}

async function expectSeen(app: TestApp, seen: readonly Seen[]): Promise<void> {
  for (const { path, position, body } of seen) {
    expect(await ask(app, 200, 'GET', withQuery(path, `asOf=${position}`)), `${path} as of ${position}`).toEqual(body);
  }
}

/** Takes steps of a history again and again for as long as the work takes. */
async function meanwhile(app: TestApp, made: Made, steps: readonly Step[], work: Promise<unknown>): Promise<void> {
  let over = false;
  const end = () => (over = true);
  work.then(end, end);
  for (let turn = 0; !over; turn++) {
    const step = steps[turn % steps.length];
    if (step) await take(app, made, servers, step);
  }
  await work;
}

async function rebuildAll(app: TestApp): Promise<void> {
  const before = await projectionsOf(app);
  for (const { name } of before) {
    const path = `/api/v1/projections/${name}/rebuild`;
    const { id } = await ask<{ id: string }>(app, 202, 'POST', path, { body: {} });
    let status = { status: 'running' };
    const isOver = async () => {
      status = await ask(app, 200, 'GET', `/api/v1/projections/${name}/rebuilds/${id}`);
      return status.status !== 'running';
    };
    await until(isOver, `${name} is rebuilt`, 60_000);
    expect(status).toMatchObject({ status: 'succeeded', error: null });
  }
  const after = await projectionsOf(app);
  expect(after.map(({ version }) => version)).toEqual(before.map(({ version }) => version + 1));
  // The end of each is recorded after it is answered.
  const ends = `/api/v1/events?type=ProjectionRebuildCompleted&limit=200`;
  const recorded = async () => (await ask<{ items: object[] }>(app, 200, 'GET', ends)).items.length;
  await until(async () => (await recorded()) % before.length === 0, 'the ends are recorded', 60_000);
}

async function rollBackAll(app: TestApp): Promise<void> {
  for (const { name, version } of await projectionsOf(app)) {
    const rolledBack = await ask(app, 200, 'POST', `/api/v1/projections/${name}/rollback`, { body: {} });
    expect(rolledBack).toMatchObject({ version: version - 1, previousVersion: version });
  }
}

test(
  'after any history, read models are what a rebuild makes of it, and the past stays as it was',
  { timeout: 180_000 },
  async () => {
    const property = fc.asyncProperty(histories, async (steps) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'annals-history-'));
      const made = new Made();
      const seen: Seen[] = [];
      const apps: TestApp[] = [];
      const life = async (live: (app: TestApp) => Promise<void>): Promise<void> => {
        const app = await startTestApp({ env: { ANNALS_DATA_DIR: dataDir } });
        apps.push(app);
        await live(app);
        await expectSeen(app, seen);
        expect((await caughtUp(app)).filter(({ deadLetters }) => deadLetters > 0)).toEqual([]);
        await apps.pop()?.close();
        const rows = await rowsIn(dataDir);
        expect(Object.values(rows).every(({ length }) => length > 0)).toBe(true);
        expect(rows).toEqual(await rebuiltRows(dataDir));
      };
      try {
        await life(async (app) => {
          const statuses = new Set<number>();
          for (const [turn, step] of steps.entries()) {
            const reply = await take(app, made, servers, step);
            if (reply) statuses.add(reply.status);
            if (turn % 20 === 19) seen.push(...(await lookAround(app, made)));
          }
          expect([...statuses]).toEqual(expect.arrayContaining([200, 201]));
          expect([...statuses].filter((status) => status >= 500 && status !== 502)).toEqual([]);
        });
        await life((app) => meanwhile(app, made, steps, rebuildAll(app)));
        await life(async (app) => {
          await meanwhile(app, made, steps, rollBackAll(app));
          seen.push(...(await lookAround(app, made)));
        });
      } finally {
        await apps.pop()?.close();
        rmSync(dataDir, { recursive: true });
      }
    });
    // Each run is a life of the platform: a failure is told with its seed, and not made smaller.
    await fc.assert(property, { numRuns: 2, endOnFailure: true });
  },
);
