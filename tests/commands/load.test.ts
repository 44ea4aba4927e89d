import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { createAggregateCache } from '../../src/commands/aggregate-cache.ts';
import { load, loadAt } from '../../src/commands/load.ts';
import { handle } from '../../src/commands/transaction.ts';
import { DomainError } from '../../src/domain/error.ts';
import type { DomainEvent } from '../../src/domain/event.ts';
import { NO_STREAM, type RecordedEvent } from '../../src/ports/event-store.ts';
import { forEachDecider, type Subject } from '../domain/arbitrary-commands.ts';
import { fold } from '../domain/given.ts';
import { accountDecider } from './account.ts';
import { newCommand, openCommandSide } from './harness.ts';

forEachDecider(<State, Command, Event extends DomainEvent>({ decider, command }: Subject<State, Command, Event>) => {
  describe(`a ${decider.category} loaded from the log`, () => {
    it('is the same in one go and in pieces, in any process, at every revision', async () => {
      const side = await openCommandSide();
      const step = fc.record({ command, looksIn: fc.nat(2) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          const id = uuidv7();
          const stream = `${decider.category}-${id}`;
          const writer = side.elsewhere();
          const onlookers = [createAggregateCache(), createAggregateCache(1)];
          for (const { command: next, looksIn } of steps) {
            const answer = await handle(writer, newCommand(), decider, id, next).catch((error: unknown) => error);
            if (answer instanceof Error && !(answer instanceof DomainError)) throw answer;
            const onlooker = onlookers[looksIn];
            if (onlooker) await load(side.store, onlooker, decider, stream);
          }

          const events = await side.store.readStream(stream);
          // Read back from the log, an event of a stream is one of its decider's.
          const history = events.map((event) => event as RecordedEvent & Event);
          const whole = await load(side.store, createAggregateCache(), decider, stream);
          expect(whole.state).toEqual(fold(decider, history));
          expect(whole).toMatchObject({ revision: events.length - 1, position: events.at(-1)?.position ?? 0 });
          for (const cache of [writer.aggregates, ...onlookers]) {
            expect(await load(side.store, cache, decider, stream)).toEqual(whole);
          }
          for (const { revision } of events) {
            const then = await loadAt(side.store, decider, stream, revision);
            expect(then.state).toEqual(fold(decider, history.slice(0, revision + 1)));
          }
        }),
        { numRuns: 25 },
      );
    });
  });
});

describe('loading a stream', () => {
  it('that does not exist answers the initial state', async () => {
    const { deps } = await openCommandSide();
    const loaded = await load(deps.store, deps.aggregates, accountDecider, 'account-none');
    expect(loaded).toEqual({ state: { balance: 0 }, revision: NO_STREAM, position: 0, commands: new Map() });
  });

  it('remembers which commands it has taken, and where each of them ended', async () => {
    const { deps } = await openCommandSide();
    const [one, two] = [newCommand(), newCommand()];
    await handle(deps, one, accountDecider, 'a', { type: 'Deposit', amount: 1 });
    await handle(deps, two, accountDecider, 'a', { type: 'Deposit', amount: 1 });
    const { commands } = await load(deps.store, createAggregateCache(), accountDecider, 'account-a');
    expect([...commands]).toEqual([
      [one.commandId, 0],
      [two.commandId, 1],
    ]);
  });

  it('asks the log only for what it has not folded yet', async () => {
    const { deps } = await openCommandSide();
    const asked: unknown[] = [];
    const store = {
      ...deps.store,
      readStream: (...args: Parameters<typeof deps.store.readStream>) => {
        asked.push(args);
        return deps.store.readStream(...args);
      },
    };
    await handle(deps, newCommand(), accountDecider, 'a', { type: 'Deposit', amount: 1 });
    await load(store, deps.aggregates, accountDecider, 'account-a');
    await load(store, createAggregateCache(), accountDecider, 'account-a');
    expect(asked).toEqual([
      ['account-a', { from: 1 }],
      ['account-a', { from: 0 }],
    ]);
  });

  it('keeps no more streams than it may', async () => {
    const { deps } = await openCommandSide();
    const cache = createAggregateCache(2);
    for (const id of ['a', 'b', 'c']) {
      await handle(deps, newCommand(), accountDecider, id, { type: 'Deposit', amount: 1 });
      await load(deps.store, cache, accountDecider, `account-${id}`);
    }
    expect(['a', 'b', 'c'].filter((id) => cache.get(`account-${id}`))).toEqual(['b', 'c']);
  });
});
