import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { expect, onTestFinished } from 'vitest';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import type { McpDeps } from '../../src/commands/mcps.ts';
import type { SessionDeps } from '../../src/commands/sessions.ts';
import { DomainError, type RejectionKind } from '../../src/domain/error.ts';
import type { Principal } from '../../src/domain/access/principal.ts';
import type { RoleName } from '../../src/domain/access/roles.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { createArgon2PasswordHasher } from '../../src/infrastructure/passwords/argon2-password-hasher.ts';
import { createVault } from '../../src/infrastructure/vault/vault.ts';
import type { EventStore, RecordedEvent } from '../../src/ports/event-store.ts';

export interface CommandSide {
  /** The log's file. */
  readonly path: string;
  readonly store: EventStore;
  readonly deps: McpDeps & SessionDeps;
  /** The time that commands see; tests move it. */
  readonly time: { now: number };
  /** The same log and key seen by a process that has folded nothing yet. */
  readonly elsewhere: (store?: EventStore) => McpDeps & SessionDeps;
  /** All events of the log, in order. */
  readonly log: () => Promise<readonly RecordedEvent[]>;
  /** What was recorded, told shortly: `stream: Type`, with ids left out of the stream's name. */
  readonly told: () => Promise<readonly string[]>;
}

/** The command side on a real event log in a directory of its own, which goes when the test ends. */
export async function openCommandSide(): Promise<CommandSide> {
  const directory = await mkdtemp(join(tmpdir(), 'annals-commands-'));
  const path = join(directory, 'events.db');
  const store = openSqliteEventStore({ path, decode: decodeEventData });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  const time = { now: Date.parse('2026-03-01T10:00:00.000Z') };
  const key = randomBytes(32);
  const vault = createVault(randomBytes(32).toString('hex'));
  // The real algorithm at the least cost: what it costs is not what these tests are about.
  const passwords = createArgon2PasswordHasher({ memory: 8, passes: 1, parallelism: 1 });
  const elsewhere: CommandSide['elsewhere'] = (other = store) => ({
    store: other,
    aggregates: createAggregateCache(),
    clock: () => time.now,
    keyedHash: (text) => createHmac('sha256', key).update(text).digest('hex'),
    vault,
    policy: { stdioAllow: ['npx', '/opt/tools/serve'] },
    passwords,
    refreshTokenTtlMs: 30 * 24 * 3_600_000,
  });
  const log = async () => (await store.readAll({ after: 0, limit: 100_000 })).events;
  const told = async () => (await log()).map(({ stream, type }) => `${stream.slice(0, stream.indexOf('-'))}: ${type}`);
  return { path, store, deps: elsewhere(), time, elsewhere, log, told };
}

export function principal(...roles: RoleName[]): Principal {
  return { actor: 'user:u1', userId: 'u1', tenant: 'default', roles, sessionId: null };
}

/** A new command of somebody who may do everything, unless the test says otherwise. */
export function newCommand(more: Partial<CommandContext> = {}): CommandContext {
  const commandId = uuidv7();
  return { commandId, principal: principal('admin'), correlationId: commandId, ...more };
}

/** The refusal that a command came to. */
export async function refusal(attempt: Promise<unknown>, kind: RejectionKind, code: string): Promise<DomainError> {
  const error = await attempt.then(
    (answer) => expect.fail(`nothing was refused: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DomainError);
  expect(error).toMatchObject({ kind, code });
  return error as DomainError;
}
