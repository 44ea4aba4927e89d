import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { beginErasure, recordErasure } from '../../src/commands/erase-user.ts';
import { ensureAdministrator } from '../../src/commands/first-administrator.ts';
import { recognise, type Vouched } from '../../src/commands/identities.ts';
import { load } from '../../src/commands/load.ts';
import { PreconditionFailed } from '../../src/commands/precondition-failed.ts';
import { logIn } from '../../src/commands/sessions.ts';
import {
  changePassword,
  findUser,
  loadUser,
  registerUser,
  setRoles,
  userIdByEmail,
  userIdByName,
} from '../../src/commands/users.ts';
import { administratorsDecider } from '../../src/domain/administrators/decider.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openEventStoreDb } from '../../src/infrastructure/event-store/esdb.ts';
import { sealedEventStore } from '../../src/infrastructure/personal-data/sealed-log.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { startStandIn } from '../support/esdb-stand-in/stand-in.ts';
import { openPersonalDataIn } from '../support/personal-data.ts';
import { newCommand, openCommandSide, principal, refusal, type CommandSide } from './harness.ts';

type Deps = CommandSide['deps'];

const ada = { username: 'ada', email: 'ada@example.org', password: 'correct horse battery staple' };
const hers: Vouched = {
  identity: { issuer: 'https://login.example.org', subject: 'ada-1' },
  email: 'ada@example.org',
  emailVerified: true,
  username: 'ada',
  roles: undefined,
};

interface World {
  readonly store: EventStore;
  /** A process that has folded nothing yet. */
  readonly process: (store?: EventStore) => Deps;
}

async function onSqlite(): Promise<World> {
  const side = await openCommandSide();
  return { store: side.store, process: side.elsewhere };
}

/** A stand-in for EventStoreDB (not the server), which appends to one stream at a time. */
async function onOneStreamAtATime(): Promise<World> {
  const standIn = await startStandIn();
  const store = openEventStoreDb({ url: standIn.url, decode: decodeEventData });
  onTestFinished(async () => {
    await store.close();
    await standIn.stop();
  });
  const { elsewhere } = await openCommandSide();
  return { store, process: (other = store) => elsewhere(other) };
}

async function registered(deps: Deps, username: string, ...roles: string[]): Promise<string> {
  const person = { username, email: `${username}@example.org`, password: ada.password };
  const context = newCommand();
  await registerUser(deps, context, person, roles);
  return context.commandId;
}

const by = (userId: string): CommandContext =>
  newCommand({ principal: { ...principal('admin'), userId, actor: `user:${userId}` } });

async function administrators(deps: Deps): Promise<readonly string[]> {
  return (await load(deps.store, deps.aggregates, administratorsDecider, 'policy-administrators')).state;
}

/** A store that is lost at an append: just before it, or once it is written and not yet answered. */
function dyingAt(store: EventStore, append: number, when: 'before' | 'after'): EventStore {
  let appends = 0;
  return {
    ...store,
    append: async (...asked) => {
      const number = appends++;
      if (number > append || (number === append && when === 'before')) throw new StoreUnavailable('gone');
      const result = await store.append(...asked);
      if (number === append) throw new StoreUnavailable('gone');
      return result;
    },
  };
}

describe.each([
  ['SQLite', onSqlite],
  ['a stand-in for EventStoreDB (not the server)', onOneStreamAtATime],
])('erasing a user, on %s', (_, openWorld) => {
  it('takes the roles and frees the names for others', async () => {
    const { process } = await openWorld();
    const id = await registered(process(), 'ada', 'developer');
    const position = await beginErasure(process(), newCommand(), id);

    expect(position).toBeGreaterThan(0);
    expect(await loadUser(process(), id)).toMatchObject({ roles: [], erasing: true });
    expect(await userIdByName(process(), 'ada')).toBeUndefined();
    expect(await userIdByEmail(process(), ada.email)).toBeUndefined();
    await refusal(logIn(process(), newCommand(), 'ada', ada.password), 'unauthenticated', 'invalid_credentials');
    const next = await registered(process(), 'ada', 'developer');
    expect(await userIdByName(process(), 'ada')).toBe(next);
  });

  it('leaves a name alone that somebody else has taken meanwhile', async () => {
    const { process } = await openWorld();
    const id = await registered(process(), 'ada', 'developer');
    await beginErasure(process(), newCommand(), id);
    const next = await registered(process(), 'ada', 'developer');
    await beginErasure(process(), newCommand(), id);

    expect(await userIdByName(process(), 'ada')).toBe(next);
    expect(await userIdByEmail(process(), ada.email)).toBe(next);
  });

  it('ends with a user that is not there, once', async () => {
    const { process } = await openWorld();
    const id = await registered(process(), 'ada', 'developer');
    const command = newCommand();
    await beginErasure(process(), command, id);
    const position = await recordErasure(process(), command, id);

    expect(await recordErasure(process(), command, id)).toBe(position);
    expect(await findUser(process(), id)).toBeUndefined();
    await refusal(beginErasure(process(), newCommand(), id), 'not_found', 'user_not_found');
  });

  it('lets nothing be given to the user any more', async () => {
    const { process } = await openWorld();
    const id = await registered(process(), 'ada', 'developer');
    await beginErasure(process(), newCommand(), id);

    for (const attempt of [
      () => setRoles(process(), newCommand(), id, ['admin']),
      () => changePassword(process(), newCommand(), id, 'another password'),
    ]) {
      await refusal(attempt(), 'conflict', 'user_being_erased');
    }
    expect(await administrators(process())).toEqual([]);
  });

  it('makes a new account of who signs in by an identity of the erased one', async () => {
    const { process } = await openWorld();
    const unknown = { mayRegister: true, endWaysIn: async () => undefined };
    const { userId } = await recognise(process(), newCommand(), hers, unknown);
    await beginErasure(process(), newCommand(), userId);
    const refused = { ...unknown, mayRegister: false };
    await refusal(recognise(process(), newCommand(), hers, refused), 'forbidden', 'user_unknown');
    const again = await recognise(process(), newCommand(), hers, unknown);

    expect(again.as).toBe('registered');
    expect(again.userId).not.toBe(userId);
    expect(await loadUser(process(), again.userId)).toMatchObject({ username: 'ada', identities: [hers.identity] });
  });

  it('is not for the last administrator', async () => {
    const { process } = await openWorld();
    const [first, second] = [await registered(process(), 'one', 'admin'), await registered(process(), 'two', 'admin')];
    await beginErasure(process(), by(first), second);

    await refusal(beginErasure(process(), newCommand(), first), 'conflict', 'last_admin');
    expect(await administrators(process())).toEqual([first]);
    expect(await userIdByName(process(), 'one')).toBe(first);
  });

  it('leaves one of two administrators who erase each other at the same time', async () => {
    const { process } = await openWorld();
    const ids = [await registered(process(), 'one', 'admin'), await registered(process(), 'two', 'admin')] as const;
    const attempts = await Promise.allSettled([
      beginErasure(process(), by(ids[0]), ids[1]),
      beginErasure(process(), by(ids[1]), ids[0]),
    ]);

    expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(attempts.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'last_admin' } });
    expect(await administrators(process())).toHaveLength(1);
  });

  it('does not bring the first administrator back at the next start', async () => {
    const { process } = await openWorld();
    expect(await ensureAdministrator(process(), 'the first password')).toBe(true);
    const other = await registered(process(), 'other', 'admin');
    await beginErasure(process(), by(other), (await userIdByName(process(), 'admin')) ?? '');

    expect(await ensureAdministrator(process(), 'the first password')).toBe(false);
    expect(await userIdByName(process(), 'admin')).toBeUndefined();
    expect(await administrators(process())).toEqual([other]);
  });

  it('is for nobody himself, and for those who may do all that the user may', async () => {
    const { process } = await openWorld();
    const [one, two] = [await registered(process(), 'one', 'admin'), await registered(process(), 'two', 'admin')];
    await refusal(beginErasure(process(), by(one), one), 'forbidden', 'own_account');
    const lesser = newCommand({ principal: { ...principal('viewer'), permissions: ['user:manage'] } });
    await refusal(beginErasure(process(), lesser, two), 'forbidden', 'permissions_exceeded');

    expect(await administrators(process())).toEqual([one, two]);
  });

  it('is refused to who saw an older revision, and gone on with whatever he saw', async () => {
    const { process } = await openWorld();
    const id = await registered(process(), 'ada', 'developer');
    await setRoles(process(), newCommand(), id, ['viewer']);
    await expect(beginErasure(process(), newCommand({ expectedRevision: 0 }), id)).rejects.toThrow(PreconditionFailed);
    expect(await userIdByName(process(), 'ada')).toBe(id);
    const seen = newCommand({ expectedRevision: 1 });
    await beginErasure(process(), seen, id);
    await beginErasure(process(), { ...newCommand(), expectedRevision: 1 }, id);

    expect((await loadUser(process(), id)).erasing).toBe(true);
  });

  it('opens no session for a login whose password was checked before', async () => {
    const { process } = await openWorld();
    const id = await registered(process(), 'ada', 'developer');
    const slow = process();
    const { passwords } = slow;
    const checking = {
      ...slow,
      passwords: {
        ...passwords,
        async verify(...asked: Parameters<typeof passwords.verify>) {
          const matches = await passwords.verify(...asked);
          await beginErasure(process(), newCommand(), id);
          return matches;
        },
      },
    };
    await refusal(logIn(checking, newCommand(), 'ada', ada.password), 'unauthenticated', 'invalid_credentials');
  });
});

describe('where streams are written one after the other', () => {
  // The list of administrators, the user, the name and the address.
  it.each([0, 1, 2, 3].flatMap((append) => (['before', 'after'] as const).map((when) => [append, when] as const)))(
    'a begin that was cut off is completed by the next, with nothing done twice (append %d, lost %s it)',
    async (append, when) => {
      const { store, process } = await onOneStreamAtATime();
      const [one, two] = [await registered(process(), 'one', 'admin'), await registered(process(), 'two', 'admin')];
      const dying = process(dyingAt(store, append, when));
      await expect(beginErasure(dying, by(one), two)).rejects.toThrow(StoreUnavailable);
      await beginErasure(process(), by(one), two);

      expect(await administrators(process())).toEqual([one]);
      expect(await loadUser(process(), two)).toMatchObject({ roles: [], erasing: true });
      const told = (await store.readStream(`user-${two}`)).map(({ type }) => type);
      expect(told).toEqual(['UserRegistered', 'UserRolesChanged', 'UserErasureBegan']);
      const next = await registered(process(), 'two', 'developer');
      expect(await userIdByName(process(), 'two')).toBe(next);
      expect(await userIdByEmail(process(), 'two@example.org')).toBe(next);
    },
  );
});

describe('of a user whose key is gone', () => {
  async function withoutKey() {
    const { path, store, elsewhere } = await openCommandSide();
    const { personal, keys } = openPersonalDataIn(dirname(path));
    onTestFinished(() => keys.close());
    const sealed = sealedEventStore(store, personal);
    const id = await registered(elsewhere(sealed), 'ada', 'developer');
    await personal.erase(id);
    return { id, process: () => elsewhere(sealed) };
  }

  it('no password is right, and none is an error', async () => {
    const { process } = await withoutKey();
    await refusal(logIn(process(), newCommand(), 'ada', ada.password), 'unauthenticated', 'invalid_credentials');
  });

  it('erasing goes on without the names, which nobody can know any more', async () => {
    const { id, process } = await withoutKey();
    const command = newCommand();
    await beginErasure(process(), command, id);
    await recordErasure(process(), command, id);
    expect(await findUser(process(), id)).toBeUndefined();
  });
});
