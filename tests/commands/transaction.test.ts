import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { PreconditionFailed } from '../../src/commands/precondition-failed.ts';
import { handle, transact } from '../../src/commands/transaction.ts';
import { NO_STREAM, WrongExpectedRevision, type EventStore } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { accountDecider, type AccountCommand } from './account.ts';
import { newCommand, openCommandSide, refusal, type CommandSide } from './harness.ts';

const deposit = (amount: number): AccountCommand => ({ type: 'Deposit', amount });
const withdraw = (amount: number): AccountCommand => ({ type: 'Withdraw', amount });

function amounts({ store }: CommandSide, id: string): Promise<string[]> {
  return store
    .readStream(`account-${id}`)
    .then((events) => events.map(({ type, data }) => `${type} ${(data as { amount: number }).amount}`));
}

describe('a command on one stream', () => {
  it('records what was decided and answers the state, revision and position after it', async () => {
    const side = await openCommandSide();
    const first = await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    expect(first).toMatchObject({ state: { balance: 5 }, revision: 0, position: 1, replayed: false });
    const second = await handle(side.deps, newCommand(), accountDecider, 'a', withdraw(2));
    expect(second).toMatchObject({ state: { balance: 3 }, revision: 1, position: 2, replayed: false });
    expect(second.events).toEqual(await side.store.readStream('account-a', { from: 1 }));
    expect(await amounts(side, 'a')).toEqual(['Deposited 5', 'Withdrawn 2']);
  });

  it('sees what another process has recorded since it last looked', async () => {
    const side = await openCommandSide();
    const other = side.elsewhere();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await handle(other, newCommand(), accountDecider, 'a', withdraw(5));
    await refusal(handle(side.deps, newCommand(), accountDecider, 'a', withdraw(5)), 'conflict', 'overdrawn');
    await handle(other, newCommand(), accountDecider, 'a', deposit(1));
    expect((await handle(side.deps, newCommand(), accountDecider, 'a', withdraw(1))).state).toEqual({ balance: 0 });
  });

  it('may be made from the state that it is decided on', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(7));
    await handle(side.deps, newCommand(), accountDecider, 'a', ({ balance }) => withdraw(balance));
    expect(await amounts(side, 'a')).toEqual(['Deposited 7', 'Withdrawn 7']);
  });

  it('records nothing when there is nothing to change, and answers what is there', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const outcome = await handle(side.deps, newCommand(), accountDecider, 'a', deposit(0));
    expect(outcome).toEqual({ state: { balance: 5 }, revision: 0, position: 1, events: [], replayed: false });
    expect(await handle(side.deps, newCommand(), accountDecider, 'b', deposit(0))).toMatchObject({
      revision: NO_STREAM,
      position: 0,
    });
    expect(await side.log()).toHaveLength(1);
  });

  it('records nothing when the rules refuse', async () => {
    const side = await openCommandSide();
    await refusal(handle(side.deps, newCommand(), accountDecider, 'a', withdraw(5)), 'conflict', 'overdrawn');
    expect(await side.log()).toEqual([]);
  });
});

describe('what events say about their command', () => {
  it('is everything that is known', async () => {
    const side = await openCommandSide();
    side.time.now = Date.parse('2026-04-05T06:07:08.009Z');
    const known = {
      causationId: uuidv7(),
      correlationId: 'request-7',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      remoteAddress: '192.0.2.7',
    };
    const context = newCommand(known);
    const { events } = await handle(side.deps, context, accountDecider, 'a', deposit(5));
    expect(events.map(({ metadata }) => metadata)).toEqual([
      {
        eventId: uuidv5('0', context.commandId),
        commandId: context.commandId,
        actor: 'user:u1',
        tenant: 'default',
        schemaVersion: '1',
        occurredAt: '2026-04-05T06:07:08.009Z',
        ...known,
      },
    ]);
  });

  it('leaves out what is not known', async () => {
    const side = await openCommandSide();
    const { events } = await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    expect(Object.keys(events[0]?.metadata ?? {}).sort()).toEqual([
      'actor',
      'commandId',
      'correlationId',
      'eventId',
      'occurredAt',
      'schemaVersion',
      'tenant',
    ]);
  });

  it('numbers the events of one command through all its streams', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    await transact(side.deps, context, async (transaction) => {
      await transaction.decide(accountDecider, 'a', deposit(5));
      return transaction.decide(accountDecider, 'b', deposit(6));
    });
    const ids = (await side.log()).map(({ metadata }) => metadata.eventId);
    expect(ids).toEqual([uuidv5('0', context.commandId), uuidv5('1', context.commandId)]);
  });
});

describe('commands that meet on one stream', () => {
  it('both land, one after the other, each decided on the state it follows', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const [one, other] = await Promise.all([
      handle(side.deps, newCommand(), accountDecider, 'a', withdraw(3)),
      handle(side.deps, newCommand(), accountDecider, 'a', withdraw(2)),
    ]);
    expect([one.revision, other.revision].sort()).toEqual([1, 2]);
    expect((await amounts(side, 'a')).slice(1).sort()).toEqual(['Withdrawn 2', 'Withdrawn 3']);
  });

  it('let only one have what is there once', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const attempts = [side.deps, side.elsewhere(), side.elsewhere()].map((deps) =>
      handle(deps, newCommand(), accountDecider, 'a', withdraw(5)),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await amounts(side, 'a')).toEqual(['Deposited 5', 'Withdrawn 5']);
  });

  it('give up after the fourth time that another was faster, and have recorded nothing', async () => {
    const side = await openCommandSide();
    let attempts = 0;
    const overtaken: EventStore = {
      ...side.store,
      async append(stream, expectedRevision, events) {
        attempts++;
        await handle(side.deps, newCommand(), accountDecider, 'a', deposit(1));
        return side.store.append(stream, expectedRevision, events);
      },
    };
    const attempt = handle(side.elsewhere(overtaken), newCommand(), accountDecider, 'a', deposit(100));
    await expect(attempt).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect(attempts).toBe(4);
    expect(await amounts(side, 'a')).toEqual(Array(4).fill('Deposited 1'));
  });

  it('succeed when the others have stopped in time', async () => {
    const side = await openCommandSide();
    let left = 3;
    const overtaken: EventStore = {
      ...side.store,
      async append(stream, expectedRevision, events) {
        if (left-- > 0) await handle(side.deps, newCommand(), accountDecider, 'a', deposit(1));
        return side.store.append(stream, expectedRevision, events);
      },
    };
    const outcome = await handle(side.elsewhere(overtaken), newCommand(), accountDecider, 'a', deposit(100));
    expect(outcome).toMatchObject({ state: { balance: 103 }, revision: 3 });
  });

  it('are not tried again when the store is away', async () => {
    const side = await openCommandSide();
    let attempts = 0;
    const away: EventStore = {
      ...side.store,
      append: () => {
        attempts++;
        return Promise.reject(new StoreUnavailable('the disk is full'));
      },
    };
    const attempt = handle(side.elsewhere(away), newCommand(), accountDecider, 'a', deposit(1));
    await expect(attempt).rejects.toBeInstanceOf(StoreUnavailable);
    expect(attempts).toBe(1);
  });
});

describe('a command that says which revision it saw', () => {
  const conditional = { conditional: true };

  it('is carried out when that is the newest', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const context = newCommand({ expectedRevision: 0 });
    const outcome = await handle(side.deps, context, accountDecider, 'a', withdraw(1), conditional);
    expect(outcome.revision).toBe(1);
  });

  it.each([0, 2])('fails when it is %d and the newest is 1', async (expectedRevision) => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const attempt = handle(side.deps, newCommand({ expectedRevision }), accountDecider, 'a', withdraw(1), conditional);
    await expect(attempt).rejects.toThrow(PreconditionFailed);
    await expect(attempt).rejects.toMatchObject({ expected: expectedRevision, actual: 1 });
    expect(await side.log()).toHaveLength(2);
  });

  it('fails also when the other command came in between', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const sawZero = () => newCommand({ expectedRevision: 0 });
    const outcomes = await Promise.allSettled([
      handle(side.deps, sawZero(), accountDecider, 'a', withdraw(1), conditional),
      handle(side.deps, sawZero(), accountDecider, 'a', withdraw(1), conditional),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: expect.any(PreconditionFailed) as unknown,
    });
  });

  it('is about the conditional stream only', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await handle(side.deps, newCommand(), accountDecider, 'b', deposit(5));
    await transact(side.deps, newCommand({ expectedRevision: 1 }), async (transaction) => {
      await transaction.decide(accountDecider, 'b', deposit(1));
      return transaction.decide(accountDecider, 'a', withdraw(1), conditional);
    });
    expect(await amounts(side, 'b')).toEqual(['Deposited 5', 'Deposited 1']);
  });

  it('fails even when it would change nothing', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const stale = newCommand({ expectedRevision: 4 });
    const attempt = handle(side.deps, stale, accountDecider, 'a', deposit(0), conditional);
    await expect(attempt).rejects.toBeInstanceOf(PreconditionFailed);
  });
});

describe('a command that comes again', () => {
  it('answers what it came to the first time, and records nothing', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const { state, revision, position } = await handle(side.deps, context, accountDecider, 'a', deposit(5));
    const again = await handle(side.deps, context, accountDecider, 'a', deposit(5));
    expect(again).toEqual({ state, revision, position, events: [], replayed: true });
    expect(await side.log()).toHaveLength(1);
  });

  it('answers the same after more has happened, here and in a process that has folded nothing yet', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(1));
    const { state, revision, position } = await handle(side.deps, context, accountDecider, 'a', deposit(5));
    for (let more = 0; more < 5; more++) await handle(side.deps, newCommand(), accountDecider, 'a', deposit(1));
    for (const deps of [side.deps, side.elsewhere()]) {
      const again = await handle(deps, context, accountDecider, 'a', deposit(5));
      expect(again).toEqual({ state, revision, position, events: [], replayed: true });
    }
  });

  it('is answered although the rules would refuse it now', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const context = newCommand();
    await handle(side.deps, context, accountDecider, 'a', withdraw(5));
    expect(await handle(side.deps, context, accountDecider, 'a', withdraw(5))).toMatchObject({
      state: { balance: 0 },
      replayed: true,
    });
  });

  it('is answered although the revision that it saw is long past', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const context = newCommand({ expectedRevision: 0 });
    const conditional = { conditional: true };
    await handle(side.deps, context, accountDecider, 'a', deposit(1), conditional);
    const again = await handle(side.deps, context, accountDecider, 'a', deposit(1), conditional);
    expect(again).toMatchObject({ revision: 1, replayed: true });
  });

  it('is recorded once when it comes twice at the same time', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const outcomes = await Promise.all([
      handle(side.deps, context, accountDecider, 'a', deposit(5)),
      handle(side.deps, context, accountDecider, 'a', deposit(5)),
      handle(side.elsewhere(), context, accountDecider, 'a', deposit(5)),
    ]);
    expect(outcomes.map(({ state }) => state)).toEqual(Array(3).fill({ balance: 5 }));
    expect(outcomes.map(({ replayed }) => replayed).sort()).toEqual([false, true, true]);
    expect(await amounts(side, 'a')).toEqual(['Deposited 5']);
  });

  it('is known again when its id was taken for new', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const fresh = { fresh: true };
    const first = await handle(side.deps, context, accountDecider, context.commandId, deposit(5), fresh);
    expect(first).toMatchObject({ state: { balance: 5 }, replayed: false });
    for (const deps of [side.deps, side.elsewhere()]) {
      const again = await handle(deps, context, accountDecider, context.commandId, deposit(5), fresh);
      expect(again).toMatchObject({ state: { balance: 5 }, revision: 0, events: [], replayed: true });
    }
    expect(await side.log()).toHaveLength(1);
  });

  it('is known again when its id was taken for new and more has happened since', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    await handle(side.deps, context, accountDecider, 'a', deposit(5), { fresh: true });
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(1));
    const again = await handle(side.deps, context, accountDecider, 'a', deposit(5), { fresh: true });
    expect(again).toMatchObject({ state: { balance: 5 }, revision: 0, events: [], replayed: true });
    expect(await side.log()).toHaveLength(2);
    expect((await handle(side.deps, newCommand(), accountDecider, 'a', deposit(1))).state).toEqual({ balance: 7 });
  });

  it('changes no further stream, though it would now decide something there', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await handle(side.deps, newCommand(), accountDecider, 'b', deposit(5));
    const context = newCommand();
    /** Takes everything from one account, and notes the sum on another. */
    const empty = (from: string) =>
      transact(side.deps, context, async (transaction) => {
        const taken = await transaction.decide(accountDecider, from, ({ balance }) => withdraw(balance));
        await transaction.decide(accountDecider, 'c', deposit(1));
        return taken;
      });
    await empty('a');
    await empty('b');
    expect(await amounts(side, 'b')).toEqual(['Deposited 5']);
    expect(await amounts(side, 'c')).toEqual(['Deposited 1']);
  });

  it('takes an id for new that is not, and then decides on what is there', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const outcome = await handle(side.elsewhere(), newCommand(), accountDecider, 'a', deposit(1), { fresh: true });
    expect(outcome).toMatchObject({ state: { balance: 6 }, revision: 1, replayed: false });
  });
});

describe('a command on several streams', () => {
  const transfer = (side: CommandSide, amount: number, context = newCommand()) =>
    transact(side.deps, context, async (transaction) => {
      const taken = await transaction.decide(accountDecider, 'a', withdraw(amount));
      const given = await transaction.decide(accountDecider, 'b', deposit(amount));
      return () => ({ taken: taken(), given: given() });
    });

  it('records all of it in one piece', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const { taken, given } = await transfer(side, 3);
    expect(taken).toMatchObject({ state: { balance: 2 }, revision: 1, position: 2 });
    expect(given).toMatchObject({ state: { balance: 3 }, revision: 0, position: 3 });
  });

  it('records none of it when one stream refuses', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await refusal(transfer(side, 9), 'conflict', 'overdrawn');
    expect(await side.log()).toHaveLength(1);
  });

  it('decides all of it again when any of its streams has moved on', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    await Promise.all([transfer(side, 1), transfer(side, 1), transfer(side, 1)]);
    expect(await side.log()).toHaveLength(7);
    expect((await handle(side.deps, newCommand(), accountDecider, 'a', deposit(0))).state).toEqual({ balance: 2 });
    expect((await handle(side.deps, newCommand(), accountDecider, 'b', deposit(0))).state).toEqual({ balance: 3 });
  });

  it('comes again as a whole', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const context = newCommand();
    await transfer(side, 3, context);
    await transfer(side, 2);
    const again = await transfer(side, 3, context);
    expect(again.taken).toMatchObject({ state: { balance: 2 }, revision: 1, replayed: true });
    expect(again.given).toMatchObject({ state: { balance: 3 }, revision: 0, replayed: true });
    expect(await side.log()).toHaveLength(5);
  });

  it('may look at a stream before it decides there, and decides on what it saw', async () => {
    const side = await openCommandSide();
    await handle(side.deps, newCommand(), accountDecider, 'a', deposit(5));
    const seen: number[] = [];
    const outcome = await transact(side.deps, newCommand(), async (transaction) => {
      const { balance } = await transaction.load(accountDecider, 'a');
      seen.push(balance);
      if (seen.length === 1) await handle(side.elsewhere(), newCommand(), accountDecider, 'a', deposit(1));
      return transaction.decide(accountDecider, 'a', withdraw(balance));
    });
    expect(seen).toEqual([5, 6]);
    expect(outcome.state).toEqual({ balance: 0 });
  });

  it('cannot decide on one stream twice', async () => {
    const side = await openCommandSide();
    const attempt = transact(side.deps, newCommand(), async (transaction) => {
      await transaction.decide(accountDecider, 'a', deposit(1));
      return transaction.decide(accountDecider, 'a', deposit(1));
    });
    await expect(attempt).rejects.toThrow('account-a is decided twice');
    expect(await side.log()).toEqual([]);
  });
});
