import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstallation, type EngineUrls, type Installation } from '../../engines/support/installation.ts';
import { startToolServer, type ToolServer } from '../../http/support/tool-server.ts';
import { register } from '../../integration/support/api.ts';
import { startServer, type ServerOptions, type ServerProcess } from '../../integration/support/server-process.ts';
import { startEventStore, type EventStoreProcess } from './event-store-process.ts';
import { startLoad, type Load } from './load.ts';

/** The platform on engines, in processes of its own: one answers requests, another relays, projects and works. */
export interface Platform {
  readonly installation: Installation;
  readonly eventStore: EventStoreProcess;
  readonly api: ServerProcess;
  /** All that were started, the first ones first. */
  readonly processes: readonly ServerProcess[];
  /** Starts one more process with these roles. @param onSaid told what it says, also before it is there */
  start(roles: string, onSaid?: ServerOptions['onSaid']): Promise<ServerProcess>;
  /** Registers mcps of the load's own, and begins it. @param through a process that answers requests; else the first */
  load(through?: ServerProcess): Promise<Load>;
  /** Ends loads that a test which failed has left. */
  rest(): Promise<void>;
  /** Ends everything, whatever state a test that failed has left it in. */
  remove(): Promise<void>;
}

/** @param roles of the processes that are there from the beginning; the first one answers requests */
export async function startPlatform(
  urls: Omit<EngineUrls, 'eventStore'>,
  roles: readonly string[] = ['api', 'relay,projector,worker,scheduler'],
): Promise<Platform> {
  const directory = mkdtempSync(join(tmpdir(), 'annals-faults-'));
  const eventStore = await startEventStore(join(directory, 'log.jsonl'));
  const installation = createInstallation({ ...urls, eventStore: eventStore.url });
  const tools = await startToolServer();
  const processes: ServerProcess[] = [];

  async function start(wanted: string, onSaid?: ServerOptions['onSaid']): Promise<ServerProcess> {
    const dataDir = mkdtempSync(join(directory, 'data-'));
    const isApi = wanted.split(',').includes('api');
    const env = { ...installation.env, ANNALS_ROLES: wanted, ANNALS_ACCESS_TOKEN_TTL_MS: '86400000' };
    const started = await startServer({ dataDir, env, ...(!isApi && { token: '' }), ...(onSaid && { onSaid }) });
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
    const loads: Load[] = [];
    return {
      installation,
      eventStore,
      api,
      processes,
      start,
      async load(through = api) {
        const begun = await load(through, tools);
        loads.push(begun);
        return begun;
      },
      async rest() {
        // How they end concerns nobody any more.
        await Promise.allSettled(loads.splice(0).map((one) => one.end()));
      },
      remove,
    };
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
