import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { startToolServer, type ToolServer } from '../../http/support/tool-server.ts';
import type { Mcp } from '../../integration/support/api.ts';
import { startServer, type ServerProcess } from '../../integration/support/server-process.ts';
import { startStandIn, type StandIn } from '../../support/esdb-stand-in/stand-in.ts';
import { createInstallation, type EngineUrls, type Installation } from './installation.ts';

/** Processes of one installation. */
export interface Several {
  /** The installation that each test begins with, on these engines and a stand-in for EventStoreDB. */
  readonly install: (urls: Omit<EngineUrls, 'eventStore'>) => Installation;
  /** A process with some roles; the administrator's token of another one is good for it too. */
  readonly start: (roles: string, token?: string) => Promise<ServerProcess>;
  /** Registers an mcp with the tools of a server that runs beside. */
  readonly register: (api: ServerProcess, name: string) => Promise<{ readonly id: string; readonly position: string }>;
}

/** What a test of several processes needs, in the file that calls this; gone after each test. */
export function severalProcesses(): Several {
  let tools: ToolServer;
  let log: StandIn;
  let installation: Installation | undefined;
  const processes: ServerProcess[] = [];
  const directories: string[] = [];

  beforeEach(async () => {
    [tools, log] = await Promise.all([startToolServer(), startStandIn()]);
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.kill()));
    await Promise.all([installation?.remove(), tools.close(), log.stop()]);
    installation = undefined;
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });

  return {
    install: (urls) => (installation = createInstallation({ ...urls, eventStore: log.url })),
    async start(roles, token) {
      if (installation === undefined) throw new Error('nothing is installed');
      const dataDir = mkdtempSync(join(tmpdir(), 'annals-several-'));
      directories.push(dataDir);
      const env = { ...installation.env, ANNALS_ROLES: roles };
      const started = await startServer({ dataDir, env, ...(token !== undefined && { token }) });
      processes.push(started);
      return started;
    },
    async register(api, name) {
      const body = { name, transport: { type: 'streamable-http', url: tools.url } };
      const reply = await api.request('POST', '/api/v1/mcps', { body });
      expect(reply.status, reply.text).toBe(201);
      return { id: (reply.body as Mcp).id, position: reply.headers.get('x-event-position') ?? '' };
    },
  };
}
