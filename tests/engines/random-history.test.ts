import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startFastServer, type FastServer } from '../fixtures/fast-http-server.ts';
import { startToolServer, type ToolServer } from '../http/support/tool-server.ts';
import { ask } from '../integration/support/api.ts';
import { histories, Made, take } from '../integration/support/random-history.ts';
import { caughtUp, projectionsOf, rebuiltRows } from '../integration/support/read-models.ts';
import { startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { onEngines } from '../support/engines.ts';
import { rebuild } from './support/rebuild.ts';
import { createInstallation, type EngineUrls, type Installation } from './support/installation.ts';

let tools: ToolServer;
let fast: FastServer;
let installation: Installation | undefined;
let server: ServerProcess | undefined;

beforeAll(async () => {
  [tools, fast] = await Promise.all([startToolServer(), startFastServer()]);
});
afterAll(async () => {
  await Promise.all([tools.close(), fast.close()]);
});
afterEach(async () => {
  await server?.kill();
  await installation?.remove();
  [server, installation] = [undefined, undefined];
});

/** Plays a history of requests, looking now and then, as people do, at what they have just changed. */
async function play(app: ServerProcess, made: Made, seed: number): Promise<void> {
  const [steps = []] = fc.sample(histories, { numRuns: 1, seed });
  const codes: number[] = [];
  for (const step of steps) {
    const reply = await take(app, made, [tools.url, fast.url, 'http://127.0.0.1:9/mcp'], step);
    if (reply === undefined) continue;
    codes.push(reply.status);
    // Nothing but a server that cannot be reached is anybody's fault but the client's.
    expect([500, 501, 503], reply.text).not.toContain(reply.status);
    const position = reply.headers.get('x-event-position');
    if (step.do !== 'register' || reply.status !== 201 || position === null) continue;
    // A client reads its own write, however the read model is fed.
    const headers = { 'X-Wait-For-Position': position };
    const { items } = await ask<{ items: { id: string }[] }>(app, 200, 'GET', '/api/v1/mcps?limit=200', { headers });
    expect(items.map(({ id }) => id)).toContain(made.mcps.at(-1));
  }
  expect(codes.filter((code) => code < 300).length).toBeGreaterThan(10);
}

function historyOn(urls: EngineUrls): void {
  test('read models on engines hold what embedded ones hold, live, after a restart and after a rebuild', async () => {
    installation = createInstallation(urls);
    const { dataDir, env } = installation;
    server = await startServer({ dataDir, env });
    const made = new Made();
    await play(server, made, 7);
    await caughtUp(server);
    await server.stop();
    const live = await installation.rows();
    expect(Object.values(live).every((rows) => rows.length > 0)).toBe(true);
    expect(live).toEqual(await rebuiltRows(dataDir));

    server = await startServer({ dataDir, env });
    await play(server, made, 8);
    for (const { name } of await projectionsOf(server)) await rebuild(server, name);
    const models = await caughtUp(server);
    expect(models.map(({ version, status, deadLetters }) => [version, status, deadLetters])).toEqual(
      models.map(() => [2, 'live', 0]),
    );
    await server.stop();
    expect(await installation.rows()).toEqual(await rebuiltRows(dataDir));
  }, 180_000);
}

onEngines(['mysql', 'mongodb', 'elasticsearch', 'kafka', 'redis'], (urls) => {
  historyOn({
    sql: urls.mysql,
    documents: urls.mongodb,
    search: urls.elasticsearch,
    kafka: urls.kafka,
    redis: urls.redis,
  });
});
onEngines(['mariadb'], ({ mariadb }) => historyOn({ sql: mariadb }));
