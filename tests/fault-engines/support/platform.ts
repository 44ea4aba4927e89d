import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstallation, type EngineUrls, type Installation } from '../../engines/support/installation.ts';
import { startToolServer, type ToolServer } from '../../http/support/tool-server.ts';
import { register } from '../../integration/support/api.ts';
import { startServer, type ServerProcess } from '../../integration/support/server-process.ts';
import { startEventStore, type EventStoreProcess } from './event-store-process.ts';
import { startLoad, type Load } from './load.ts';

/** The platform on engines, in processes of its own: one answers requests, another relays, projects and works. */
export interface Platform {
  readonly installation: Installation;
  readonly eventStore: EventStoreProcess;
  readonly api: ServerProcess;
  /** Starts one more process with these roles. */
  start(roles: string): Promise<ServerProcess>;
  /** Registers mcps of the load's own, and begins it. */
  load(): Promise<Load>;
  /** Ends everything, whatever state a test that failed has left it in. */
  remove(): Promise<void>;
}

export interface PlatformOptions {
  /** Those of the processes that are there from the beginning. */
  readonly roles?: readonly string[];
}

export async function startPlatform(
  urls: Omit<EngineUrls, 'eventStore'>,
  { roles = ['api', 'relay,projector,worker,scheduler'] }: PlatformOptions = {},
): Promise<Platform> {
  const directory = mkdtempSync(join(tmpdir(), 'annals-faults-'));
  const eventStore = await startEventStore(join(directory, 'log.jsonl'));
  const installation = createInstallation({ ...urls, eventStore: eventStore.url });
  const tools = await startToolServer();
  const processes: ServerProcess[] = [];

  async function start(wanted: string): Promise<ServerProcess> {
    const dataDir = mkdtempSync(join(directory, 'data-'));
    const isApi = wanted.split(',').includes('api');
    const env = { ...installation.env, ANNALS_ROLES: wanted, ANNALS_ACCESS_TOKEN_TTL_MS: '86400000' };
    const started = await startServer({ dataDir, env, ...(!isApi && { token: '' }) });
    processes.push(started);
    return started;
  }

  async function remove(): Promise<void> {
    await Promise.all(processes.map((one) => one.kill()));
    await installation.remove();
    await Promise.all([eventStore.kill(), tools.close()]);
    rmSync(directory, { recursive: true });
  }

  try {
    const started: ServerProcess[] = [];
    for (const wanted of roles) started.push(await start(wanted));
    const [api] = started;
    if (api === undefined) throw new TypeError('a platform without a process');
    return { installation, eventStore, api, start, load: () => load(api, tools), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

let loads = 0;

async function load(api: ServerProcess, { url }: ToolServer): Promise<Load> {
  const transport = { type: 'streamable-http', url };
  const number = ++loads;
  const called = await register(api, `called ${number}`, transport);
  const changed = await register(api, `changed ${number}`, transport);
  return startLoad(api, { called: called.id, changed: changed.id });
}
