import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { root } from '../../scripts/compose-file.ts';
import { startToolServer } from '../http/support/tool-server.ts';
import { until } from '../http/support/until.ts';
import { ask, type Api, type Execution, type Mcp } from '../integration/support/api.ts';
import { caughtUp } from '../integration/support/read-models.ts';
import { apiAt } from '../integration/support/server-process.ts';
import { createInstallation } from '../engines/support/installation.ts';
import { onEngines } from '../support/engines.ts';
import { startStandIn } from '../support/esdb-stand-in/stand-in.ts';
import { madeEnvironment } from './made-environment.ts';

const script = join(root, 'scripts/compose-processes.ts');
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const work of cleanUp.splice(0).reverse()) await work();
});

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { PATH, HOME } = process.env;
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    env: { ...(PATH && { PATH }), ...(HOME && { HOME }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (complained += text.toString()));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return { child, exited, said: () => said, complained: () => complained };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

test('without addresses of engines the services are not started, and every missing one is named', async () => {
  const { exited, complained } = run([], { ANNALS_SQL_URL: 'mysql://x' });
  expect(await exited).toBe(2);
  expect(complained()).toContain(
    'ANNALS_EVENTSTORE_URL, ANNALS_KAFKA_BROKERS, ANNALS_DOCUMENTS_URL, ANNALS_SEARCH_URL, ANNALS_REDIS_URL',
  );
});

onEngines(['mysql', 'mongodb', 'elasticsearch', 'kafka', 'redis'], (urls) => {
  test('the services of the Compose file as plain processes, on a stand-in for EventStoreDB (not the server), work together', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'annals-compose-'));
    cleanUp.push(() => rmSync(directory, { recursive: true }));
    const [log, tools, port] = [await startStandIn(), await startToolServer(), await freePort()];
    cleanUp.push(
      () => log.stop(),
      () => tools.close(),
    );
    const installation = createInstallation({
      sql: urls.mysql,
      documents: urls.mongodb,
      search: urls.elasticsearch,
      kafka: urls.kafka,
      redis: urls.redis,
      eventStore: log.url,
    });
    cleanUp.push(() => installation.remove());
    const made: Record<string, string> = { ...madeEnvironment(), DEPLOY_PORT: String(port) };
    const variables = join(directory, '.env');
    writeFileSync(
      variables,
      Object.entries(made)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );

    const { ANNALS_JWT_SECRET: _jwt, ANNALS_MASTER_KEY: _key, ...engines } = installation.env;
    const services = run(['--env', variables, '--data', join(directory, 'data')], engines);
    cleanUp.push(() => services.child.kill('SIGKILL'));
    const over = services.exited.then((code) =>
      Promise.reject(new Error(`it ended (${code}): ${services.complained()}`)),
    );
    const started = until(
      () => services.said().includes('all services are healthy'),
      'every service is healthy',
      120_000,
    );
    await Promise.race([started, over]);

    const api: Api = await apiAt(`http://127.0.0.1:${port}`, made['DEPLOY_ADMIN_PASSWORD'] ?? '');
    const transport = { type: 'streamable-http', url: tools.url };
    const mcp = await ask<Mcp>(api, 201, 'POST', '/api/v1/mcps', { body: { name: 'tools', transport } });
    const call = { mcpId: mcp.id, tool: 'echo', arguments: { message: 'from a process' } };
    const execution = await ask<Execution>(api, 200, 'POST', '/api/v1/executions', { body: call });
    expect(execution.result?.content).toEqual([{ type: 'text', text: 'from a process' }]);
    await caughtUp(api);
    // From MySQL, from MongoDB, from Elasticsearch.
    const read = async (path: string) => JSON.stringify((await api.request('GET', path)).body);
    expect(await read('/api/v1/executions')).toContain(execution.id);
    expect(await read(`/api/v1/mcps/${mcp.id}/versions/1`)).toContain('"tools"');
    expect(await read('/api/v1/executions?q=process')).toContain(execution.id);
    const system = await ask<{
      nodes: { roles: string[] }[];
      engines: Record<string, { status: string; embedded: boolean }>;
    }>(api, 200, 'GET', '/api/v1/system');
    expect(system.nodes.map(({ roles }) => roles.join()).sort()).toEqual([
      'api',
      'relay,projector',
      'worker,scheduler',
    ]);
    expect(Object.values(system.engines).filter(({ status, embedded }) => status !== 'ok' || embedded)).toEqual([]);

    services.child.kill('SIGTERM');
    over.catch(() => undefined);
    expect(await services.exited).toBe(0);
    for (const service of ['api', 'projector', 'worker']) {
      expect(services.said()).toContain(`${service} ended with exit code 0`);
    }
    expect(readFileSync(variables, 'utf8')).toContain(made['DEPLOY_MASTER_KEY'] ?? 'none');
  }, 240_000);
});
