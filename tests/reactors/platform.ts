import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { registerMcp } from '../../src/commands/mcps.ts';
import type { Transport } from '../../src/domain/mcp/definition.ts';
import { openFileBlobStore } from '../../src/infrastructure/blob-store/file.ts';
import { createSchemaValidator } from '../../src/mcp/schema/schema-validator.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { createLimiter } from '../../src/commands/limits/limiter.ts';
import { builtInRules } from '../../src/domain/limits/built-in.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import { createDiscovery } from '../../src/reactors/discovery/discovery.ts';
import { createExecutionRunner } from '../../src/reactors/executions/runner.ts';
import { newCommand, openCommandSide, type CommandSide } from '../commands/harness.ts';
import { startUpstreams } from '../upstream/support.ts';

/** The servers here are no packages. */
const noPackages = { resolve: () => Promise.resolve(undefined) };

export type Platform = Awaited<ReturnType<typeof openPlatform>>;

/**
 * The reactors on a real log, real blobs and real connections.
 * @param through what they see of the log, when it is not all as it is
 */
export async function openPlatform(through: (store: EventStore) => EventStore = (store) => store) {
  const side = await openCommandSide();
  const directory = await mkdtemp(join(tmpdir(), 'annals-reactors-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const blobs = openFileBlobStore(join(directory, 'blobs'));
  const warnings: string[] = [];
  const warn = (_fields: object, message: string) => void warnings.push(message);
  const logger = { debug: () => undefined, info: () => undefined, warn, error: warn, child: () => logger };

  /** The reactors of a process that has just started, on the same log. */
  function start() {
    const { upstreams } = startUpstreams();
    const deps = { ...side.elsewhere(through(side.store)), clock: Date.now, upstreams, packages: noPackages, logger };
    const discovery = createDiscovery({ ...deps, discoveryTimeoutMs: 5000 });
    const schemas = createSchemaValidator();
    const { rateLimits } = createMemoryCoordination({ logger });
    const limits = createLimiter({ rateLimits, rules: () => builtInRules, enforced: true });
    const executions = createExecutionRunner({ ...deps, discovery, limits, schemas, blobs, defaultTimeoutMs: 5000 });
    onTestFinished(() => executions.drain(0));
    return { deps, upstreams, discovery, executions };
  }

  return { ...side, ...start(), restarted: start, blobs, warnings };
}

/** Registers an mcp; answers its id. */
export async function register(side: CommandSide, transport: Transport, name = 'scripted'): Promise<string> {
  const context = newCommand();
  await registerMcp(side.deps, context, { name, description: '', tags: [], transport });
  return context.commandId;
}
