import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { changeMcp, mcpIdByName, registerMcp } from '../../src/commands/mcps.ts';
import { logIn, refreshSession } from '../../src/commands/sessions.ts';
import { loadUser, registerUser, setRoles, userIdByName } from '../../src/commands/users.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { DomainError } from '../../src/domain/error.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import type { McpDefinition } from '../../src/domain/mcp/definition.ts';
import { openEventStoreDb } from '../../src/infrastructure/event-store/esdb.ts';
import { WrongExpectedRevision, type EventStore, type RecordedEvent } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { definition } from '../domain/mcp-fixtures.ts';
import { startStandIn } from '../support/esdb-stand-in/stand-in.ts';
import { newCommand, openCommandSide, refusal, type CommandSide } from './harness.ts';

const named = (name: string): McpDefinition => ({ ...definition, name });
const ada = { username: 'ada', email: 'ada@example.org', password: 'correct horse battery staple' };

/** Longer than a claim is left alone. */
const LONG_MS = 60_000;

interface World {
  readonly store: EventStore;
  readonly time: CommandSide['time'];
  /** A process that has folded nothing yet. */
  readonly process: (store?: EventStore) => CommandSide['deps'];
  readonly log: () => Promise<readonly RecordedEvent[]>;
}

/** The command side on a stand-in for EventStoreDB (not the server), which appends to one stream at a time. */
async function openWorld(): Promise<World> {
  const standIn = await startStandIn();
  const store = openEventStoreDb({ url: standIn.url, decode: decodeEventData });
  onTestFinished(async () => {
    await store.close();
    await standIn.stop();
  });
  const { elsewhere, time } = await openCommandSide();
  const log = async () => (await store.readAll({ after: 0, limit: 1_000 })).events;
  return { store, time, process: (other = store) => elsewhere(other), log };
}

/** A store that its process loses at an append: just before it, or once it is written and not yet answered. */
function dyingAt(store: EventStore, append: number, when: 'before' | 'after'): EventStore {
  let appends = 0;
  const gone = new StoreUnavailable('the process is gone');
  return {
    ...store,
    append: async (...asked) => {
      const number = appends++;
      if (number > append || (number === append && when === 'before')) throw gone;
      const result = await store.append(...asked);
      if (number === append) throw gone;
      return result;
    },
  };
}

/** A store that lets something happen before an append. */
function interrupted(store: EventStore, append: number, happen: () => Promise<unknown>): EventStore {
  let appends = 0;
  return {
    ...store,
    append: async (...asked) => {
      if (appends++ === append) await happen();
      return store.append(...asked);
    },
  };
}

/** Which mcp goes by a name according to the mcps themselves, and who holds each name according to the reservations. */
async function ownersOf(log: readonly RecordedEvent[]): Promise<{ names: Map<string, string>; held: Set<string> }> {
  const nameOf = new Map<string, string>();
  const heldBy = new Map<string, string>();
  for (const { type, stream, data } of log) {
    const { definition: defined, owner } = data as { definition?: McpDefinition; owner?: string };
    if (stream.startsWith('mcp-') && defined !== undefined) nameOf.set(stream, defined.name);
    if (type === 'NameReserved' && owner !== undefined) heldBy.set(stream, owner);
    if (type === 'NameReleased') heldBy.delete(stream);
  }
  const names = new Map<string, string>();
  for (const [stream, name] of nameOf) {
    expect(names.get(name), `${name} has one owner`).toBeUndefined();
    names.set(name, stream);
  }
  return { names, held: new Set([...heldBy.values()]) };
}

const moments = [0, 1].flatMap((append) => (['before', 'after'] as const).map((when) => [append, when] as const));

describe('a command over several streams, on a stand-in for EventStoreDB (not the server)', () => {
  it.each(moments)('is completed by itself when it comes again (append %d, lost %s it)', async (append, when) => {
    const world = await openWorld();
    const context = newCommand();
    const dying = world.process(dyingAt(world.store, append, when));
    await expect(registerMcp(dying, context, named('files'))).rejects.toThrow(StoreUnavailable);
    const outcome = await registerMcp(world.process(), context, named('files'));

    expect(outcome.state).toMatchObject({ status: 'active', version: 1 });
    expect(outcome.replayed).toBe(append === 1 && when === 'after');
    expect(await mcpIdByName(world.process(), 'files')).toBe(context.commandId);
    expect((await world.log()).filter(({ type }) => type === 'McpRegistered')).toHaveLength(1);
  });

  it.each(moments)('leaves a name free or held by its owner (append %d, lost %s it)', async (append, when) => {
    const world = await openWorld();
    const [first, second] = [newCommand(), newCommand()];
    const dying = world.process(dyingAt(world.store, append, when));
    await expect(registerMcp(dying, first, named('files'))).rejects.toThrow(StoreUnavailable);
    world.time.now += LONG_MS;
    const whole = append === 1 && when === 'after';
    const other = registerMcp(world.process(), second, named('files'));
    if (whole) await refusal(other, 'conflict', 'name_taken');
    else await other;
    const again = registerMcp(world.process(), first, named('files'));
    if (whole) await again;
    else await refusal(again, 'conflict', 'name_taken');

    expect(await mcpIdByName(world.process(), 'files')).toBe((whole ? first : second).commandId);
    await ownersOf(await world.log());
  });

  it('leaves a fresh claim alone, and does not take it for an owner', async () => {
    const world = await openWorld();
    const dying = world.process(dyingAt(world.store, 1, 'before'));
    await expect(registerMcp(dying, newCommand(), named('files'))).rejects.toThrow(StoreUnavailable);

    await refusal(registerMcp(world.process(), newCommand(), named('files')), 'conflict', 'name_taken');
    expect(await mcpIdByName(world.process(), 'files')).toBeUndefined();
  });

  it('loses its claim for good when it is so slow that another takes the name', async () => {
    const world = await openWorld();
    const other = newCommand();
    const slow = interrupted(world.store, 1, async () => {
      world.time.now += LONG_MS;
      await registerMcp(world.process(), other, named('files'));
    });
    await refusal(registerMcp(world.process(slow), newCommand(), named('files')), 'conflict', 'name_taken');

    expect(await mcpIdByName(world.process(), 'files')).toBe(other.commandId);
    await ownersOf(await world.log());
  });

  it('keeps its claim when it goes on before the name could be taken', async () => {
    const world = await openWorld();
    const context = newCommand();
    let slowDone: Promise<unknown> = Promise.resolve();
    const slow = world.process();
    const dying = world.process(dyingAt(world.store, 1, 'before'));
    await expect(registerMcp(dying, context, named('files'))).rejects.toThrow(StoreUnavailable);
    world.time.now += LONG_MS;
    // The other one has withdrawn the claim's ground, and has not yet released it, when the first goes on.
    const between = interrupted(world.store, 1, () => (slowDone = registerMcp(slow, context, named('files'))));
    await refusal(registerMcp(world.process(between), newCommand(), named('files')), 'conflict', 'name_taken');
    await slowDone;

    expect(await mcpIdByName(world.process(), 'files')).toBe(context.commandId);
    await ownersOf(await world.log());
  });

  it('gives back what it claimed when a later stream refuses it', async () => {
    const world = await openWorld();
    const rival = { ...ada, username: 'eve' };
    const overtaken = interrupted(world.store, 1, () => registerUser(world.process(), newCommand(), rival));
    await refusal(registerUser(world.process(overtaken), newCommand(), ada), 'conflict', 'name_taken');
    const later = newCommand();
    await registerUser(world.process(), later, { ...ada, email: 'ada@example.net' });

    expect(await userIdByName(world.process(), 'ada')).toBe(later.commandId);
  });

  it.each([0, 1, 2].flatMap((append) => (['before', 'after'] as const).map((when) => [append, when] as const)))(
    'renames wholly when it comes again, and leaves no name without an owner for ever (append %d, lost %s it)',
    async (append, when) => {
      const world = await openWorld();
      const { commandId: id } = await registeredAs(world, 'old');
      const context = newCommand();
      const dying = world.process(dyingAt(world.store, append, when));
      await expect(changeMcp(dying, context, id, { name: 'new' })).rejects.toThrow(StoreUnavailable);
      const outcome = await changeMcp(world.process(), context, id, { name: 'new' });
      expect(outcome.state.definition.name).toBe('new');
      expect(await mcpIdByName(world.process(), 'new')).toBe(id);
      expect(await mcpIdByName(world.process(), 'old')).toBeUndefined();
      world.time.now += LONG_MS;
      const { commandId: next } = await registeredAs(world, 'old');

      expect(await mcpIdByName(world.process(), 'old')).toBe(next);
      await refusal(registerMcp(world.process(), newCommand(), named('new')), 'conflict', 'name_taken');
      await ownersOf(await world.log());
    },
  );

  it.each([0, 1].flatMap((append) => (['before', 'after'] as const).map((when) => [append, when] as const)))(
    'never lets the last administrator go (append %d, lost %s it)',
    async (append, when) => {
      const world = await openWorld();
      const ids = await Promise.all(
        ['ada', 'bob'].map(async (username) => {
          const context = newCommand();
          await registerUser(world.process(), context, { ...ada, username, email: `${username}@example.org` }, [
            'admin',
          ]);
          return context.commandId;
        }),
      );
      const [first = '', second = ''] = ids;
      const dying = world.process(dyingAt(world.store, append, when));
      const taking = newCommand();
      await expect(setRoles(dying, taking, first, ['viewer'])).rejects.toThrow(StoreUnavailable);
      const other = await setRoles(world.process(), newCommand(), second, ['viewer']).catch((error: unknown) => error);
      await setRoles(world.process(), taking, first, ['viewer']).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'last_admin' });
      });

      const left = await Promise.all(ids.map((id) => loadUser(world.process(), id)));
      expect(
        left.filter(({ roles }) => roles.includes('admin')),
        String(other),
      ).toHaveLength(1);
    },
  );

  it('opens the session of a login that was cut off when the same login comes again', async () => {
    const world = await openWorld();
    await registerUser(world.process(), newCommand(), ada);
    const context = newCommand();
    const dying = world.process(dyingAt(world.store, 1, 'before'));
    await expect(logIn(dying, context, 'ada', ada.password)).rejects.toThrow(StoreUnavailable);
    const opened = await logIn(world.process(), context, 'ada', ada.password);

    expect((await refreshSession(world.process(), newCommand(), opened.refreshToken)).userId).toBe(opened.userId);
  });

  it('ends with each name free or with one owner, however commands meet, die and come again', async () => {
    const command = fc.record({
      name: fc.constantFrom('one', 'two'),
      diesAt: fc.nat({ max: 3 }),
      when: fc.constantFrom('before' as const, 'after' as const),
      comesAgain: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 2, maxLength: 5 }), async (commands) => {
        const world = await openWorld();
        const acknowledged: string[] = [];
        await Promise.all(
          commands.map(async ({ name, diesAt, when, comesAgain }) => {
            const context = newCommand();
            const attempt = async (deps: CommandSide['deps']): Promise<void> => {
              await registerMcp(deps, context, named(name)).then(
                () => void acknowledged.push(context.commandId),
                (error: unknown) => expect(isExpected(error), String(error)).toBe(true),
              );
            };
            await attempt(world.process(dyingAt(world.store, diesAt, when)));
            world.time.now += LONG_MS / 4;
            if (comesAgain) await attempt(world.process());
          }),
        );
        world.time.now += LONG_MS;
        const { names } = await ownersOf(await world.log());
        for (const id of acknowledged) expect([...names.values()]).toContain(`mcp-${id}`);
        for (const name of ['one', 'two']) {
          const context: CommandContext = newCommand();
          const owner = names.get(name);
          if (owner !== undefined) {
            await refusal(registerMcp(world.process(), context, named(name)), 'conflict', 'name_taken');
            expect(await mcpIdByName(world.process(), name)).toBe(owner.slice('mcp-'.length));
          } else {
            await registerMcp(world.process(), context, named(name));
            expect(await mcpIdByName(world.process(), name)).toBe(context.commandId);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

function isExpected(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof WrongExpectedRevision || error instanceof DomainError;
}

async function registeredAs(world: World, name: string): Promise<CommandContext> {
  const context = newCommand();
  await registerMcp(world.process(), context, named(name));
  return context;
}
