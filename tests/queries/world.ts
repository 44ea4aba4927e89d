import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { endExecution, runExecution, type ExecutionOutcome } from '../../src/commands/executions.ts';
import { registerMcp, type McpDeps } from '../../src/commands/mcps.ts';
import type { SessionDeps } from '../../src/commands/sessions.ts';
import type { Principal } from '../../src/domain/access/principal.ts';
import type { ExecutionRequest } from '../../src/domain/execution/events.ts';
import type { McpDefinition, Offer } from '../../src/domain/mcp/definition.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { createVault } from '../../src/infrastructure/vault/vault.ts';
import { openFileBlobStore } from '../../src/infrastructure/blob-store/file.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { sealedEventStore } from '../../src/infrastructure/personal-data/sealed-log.ts';
import { createArgon2PasswordHasher } from '../../src/infrastructure/passwords/argon2-password-hasher.ts';
import { openStoresByKind } from '../../src/infrastructure/read-stores/by-kind.ts';
import { openSqliteReadStores } from '../../src/infrastructure/read-stores/sqlite.ts';
import type { ReadModels } from '../../src/ports/read-models.ts';
import type { OpenModel, ReadStores } from '../../src/ports/read-stores.ts';
import { projections } from '../../src/projections/all.ts';
import { Projector } from '../../src/projections/engine/projector.ts';
import type { QueryDeps } from '../../src/queries/deps.ts';
import { createMcpList, type McpListRequest } from '../../src/queries/mcps/list.ts';
import { makeDatabase } from '../contract/read-stores/sql-database.ts';
import { onEngine } from '../support/engines.ts';
import { openPersonalDataIn } from '../support/personal-data.ts';

export type World = Awaited<ReturnType<typeof openWorld>>;

/** The SQL server that holds the relational models of the worlds that are opened now; absent: SQLite files do. */
let sqlServer: string | undefined;

/** Registers tests of queries to relational models: on SQLite, and on each SQL server that is there. */
export function onEachRelationalStore(body: () => void): void {
  describe('on SQLite', body);
  for (const engine of ['mariadb', 'mysql'] as const) {
    onEngine(engine, (url) => {
      beforeAll(() => {
        sqlServer = url;
      });
      afterAll(() => {
        sqlServer = undefined;
      });
      body();
    });
  }
}

async function openReadStores(dir: string): Promise<ReadStores> {
  const embedded = openSqliteReadStores({ dir });
  if (sqlServer === undefined) return embedded;
  const database = await makeDatabase(sqlServer);
  onTestFinished(() => database.remove());
  const kindOf = new Map(projections.map(({ name, model }) => [name, model.kind]));
  const stores = { relational: database.open(), documents: embedded, search: embedded };
  return openStoresByKind(stores, (name) => kindOf.get(name) ?? 'relational');
}

/** A platform without its edges: real log, real commands, real read models, in a directory that goes with the test. */
export async function openWorld() {
  const directory = await mkdtemp(join(tmpdir(), 'annals-queries-'));
  const time = { now: Date.parse('2026-03-01T10:00:00.000Z') };
  const clock = () => time.now;
  const log = openSqliteEventStore({ path: join(directory, 'events.db'), decode: decodeEventData, clock });
  const { personal, keys } = openPersonalDataIn(directory);
  const store = sealedEventStore(log, personal);
  const blobs = openFileBlobStore(join(directory, 'blobs'));
  const readStores = await openReadStores(join(directory, 'models'));
  const live = new Map<string, { readonly model: OpenModel; readonly projector: Projector }>();
  for (const projection of projections) {
    const model = await readStores.create(projection, 1);
    const projector = await Projector.open({ projection, store: model.store, onPoison: 'stop', clock });
    live.set(projection.name, { model, projector });
  }
  onTestFinished(async () => {
    for (const { model } of live.values()) await model.store.close();
    await store.close();
    await keys.close();
    await rm(directory, { recursive: true });
  });

  const key = randomBytes(32);
  const deps: McpDeps & SessionDeps = {
    store,
    aggregates: createAggregateCache(),
    clock,
    keyedHash: (text) => createHmac('sha256', key).update(text).digest('hex'),
    vault: createVault(randomBytes(32).toString('hex')),
    policy: { stdioAllow: ['npx'] },
    // The real algorithm at the least cost: what it costs is not what these tests are about.
    passwords: createArgon2PasswordHasher({ memory: 8, passes: 1, parallelism: 1 }),
    refreshTokenTtlMs: 3_600_000,
  };

  /** Brings read models to the end of the log: all of them, or those that are named. */
  async function project(...names: string[]): Promise<void> {
    for (const [name, { projector }] of live) {
      if (names.length > 0 && !names.includes(name)) continue;
      for (;;) {
        const slice = await store.readAll({ after: projector.position, limit: 1000 });
        await projector.take(slice);
        if (slice.end) break;
      }
    }
  }
  const of = (name: string) => {
    const entry = live.get(name);
    if (!entry) throw new Error(`there is no model ${name}`);
    return entry;
  };
  const readerOf = <Kind extends OpenModel['reader']['kind']>(name: string, kind: Kind) => {
    const { reader } = of(name).model;
    if (reader.kind !== kind) throw new Error(`${name} is not ${kind}`);
    return reader as Extract<OpenModel['reader'], { kind: Kind }>;
  };
  const models: ReadModels = {
    relational: (name) => readerOf(name, 'relational').db(),
    document: (name, id) => readerOf(name, 'documents').get(id),
    documents: (name, query) => readerOf(name, 'documents').find(query),
    search: (name, query) => readerOf(name, 'search').search(query),
    position: (name) => of(name).projector.position,
    state: (name) => ({
      version: 1,
      schemaVersion: 1,
      changedAt: of(name).projector.changedAt,
      isRemote: false,
    }),
    async waitFor(name, position) {
      if (of(name).projector.position < position) await project(name);
      return of(name).projector.position;
    },
  };
  const queries: QueryDeps = { models, store, blobs, personal, clock };
  return { store, blobs, time, deps, models, queries, project, storeOf: (name: string) => of(name).model.store };
}

export function principal(name: string): Principal {
  return { actor: `user:${name}`, userId: name, tenant: 'default', roles: ['admin'], sessionId: null };
}

/** The list of mcps as somebody sees it who may read every one. */
export function everyMcp(deps: QueryDeps) {
  const list = createMcpList(deps);
  return (request: McpListRequest) => list(request, principal('ada'));
}

/** A new command of somebody who may do everything. */
export function newCommand(by = 'ada', more: Partial<CommandContext> = {}): CommandContext {
  const commandId = uuidv7();
  return { commandId, principal: principal(by), correlationId: commandId, ...more };
}

export const seesAll = { actor: 'user:auditor', seesAll: true };

export function definition(name: string, more: Partial<McpDefinition> = {}): McpDefinition {
  const transport = { type: 'streamable-http', url: `https://${name.replaceAll(' ', '')}.example/mcp` } as const;
  return { name, description: `Serves ${name}`, tags: [], transport, ...more };
}

export function offer(...tools: readonly string[]): Offer {
  return {
    tools: tools.map((name) => ({ name, description: `Does ${name}`, inputSchema: { type: 'object' } })),
    prompts: [{ name: 'greet' }],
    resources: [{ name: 'readme', uri: 'file:///readme' }],
    resourceTemplates: [{ name: 'page', uriTemplate: 'page://{n}' }],
    server: { name: 'test', version: '1', protocolVersion: '2025-11-25' },
  };
}

/** Registers an mcp and answers its id. */
export async function register(world: World, name: string, more: Partial<McpDefinition> = {}): Promise<string> {
  const command = newCommand();
  await registerMcp(world.deps, command, definition(name, more));
  return command.commandId;
}

export const succeeded = (text: string, durationMs = 5): ExecutionOutcome => ({
  type: 'SucceedExecution',
  result: { inline: { content: [{ type: 'text', text }] } },
  durationMs,
});

/** Runs a call to an end, or leaves it running, and answers its id. */
export async function call(
  world: World,
  request: Partial<ExecutionRequest> = {},
  outcome?: ExecutionOutcome,
): Promise<string> {
  const requestedBy = request.requestedBy ?? 'user:ada';
  const command = newCommand(requestedBy.slice('user:'.length));
  await runExecution(world.deps, command, {
    mcpId: '01920000-0000-7000-8000-000000000001',
    mcpName: 'weather',
    mcpVersion: 1,
    tool: 'forecast',
    arguments: { city: 'Bern' },
    mode: 'sync',
    timeoutMs: 30_000,
    ...request,
    requestedBy,
  });
  world.time.now += 5;
  if (outcome) await endExecution(world.deps, command, command.commandId, outcome);
  return command.commandId;
}
