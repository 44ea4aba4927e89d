import fc, { type Scheduler } from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import type { CommandDeps } from '../../src/commands/deps.ts';
import { load, loadAt } from '../../src/commands/load.ts';
import { handle, transact, type Outcome } from '../../src/commands/transaction.ts';
import { DomainError } from '../../src/domain/error.ts';
import { WrongExpectedRevision, type EventStore, type RecordedEvent } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { accountDecider } from './account.ts';
import { newCommand, openCommandSide } from './harness.ts';

/** The answer to an append that was recorded never came. */
class AnswerLost extends Error {}

type Trouble = 'none' | 'store away' | 'answer lost';

interface Plan {
  readonly process: number;
  /** Money goes from one account to the other; to take from or give to nobody is a withdrawal or a deposit. */
  readonly from: number | null;
  /** `poorest` is found out anew each time the command is decided. */
  readonly to: number | 'poorest' | null;
  readonly amount: number;
  readonly trouble: Trouble;
  /** How many times the caller sends the command at once. */
  readonly copies: number;
  readonly fresh: boolean;
}

const accounts = 3;
const account = fc.nat(accounts - 1);
const plan: fc.Arbitrary<Plan> = fc
  .record({
    process: fc.nat(1),
    from: fc.option(account, { freq: 3 }),
    to: fc.oneof(account, fc.constantFrom('poorest' as const, null)),
    amount: fc.integer({ min: 1, max: 3 }),
    trouble: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Trouble>('none') },
      { weight: 1, arbitrary: fc.constantFrom<Trouble>('store away', 'answer lost') },
    ),
    copies: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
    fresh: fc.boolean(),
  })
  // A command is known again by one stream at least that does not depend on what it finds.
  .filter(({ from, to }) => from !== to && !(from === null && to === 'poorest'));

/** A store whose every question and every answer waits for its turn in the schedule. */
function scheduled(store: EventStore, schedule: Scheduler): EventStore {
  const inTurn =
    <Args extends unknown[], Result>(what: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await schedule.schedule(Promise.resolve(), `${what} is asked`);
      const answer = await call(...args).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      );
      await schedule.schedule(Promise.resolve(), `${what} is answered`);
      if ('error' in answer) throw answer.error;
      return answer.result;
    };
  return {
    ...store,
    readStream: inTurn('a read', (...args: Parameters<EventStore['readStream']>) => store.readStream(...args)),
    append: inTurn('an append', (...args: Parameters<EventStore['append']>) => store.append(...args)),
    appendMany: inTurn('an append', (...args: Parameters<EventStore['appendMany']>) => store.appendMany(...args)),
  };
}

/** A store that gets into trouble at the first append. */
function troubled(store: EventStore, trouble: Trouble): EventStore {
  let due = trouble !== 'none';
  const once =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const now = due;
      due = false;
      if (now && trouble === 'store away') throw new StoreUnavailable('the disk is full');
      const answer = await call(...args);
      if (now) throw new AnswerLost();
      return answer;
    };
  return {
    ...store,
    append: once((...args: Parameters<EventStore['append']>) => store.append(...args)),
    appendMany: once((...args: Parameters<EventStore['appendMany']>) => store.appendMany(...args)),
  };
}

describe('commands in any order', () => {
  it('are recorded once or not at all, in one piece, on the state that they were decided on', async () => {
    const side = await openCommandSide();
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 8 }), fc.scheduler(), async (plans, schedule) => {
        const run = uuidv7();
        const id = (index: number) => `${run}-${index}`;
        const streams = Array.from({ length: accounts }, (_, index) => `account-${id(index)}`);
        const processes = [side.elsewhere(), side.elsewhere()];
        for (const index of streams.keys()) {
          await handle(side.elsewhere(), newCommand(), accountDecider, id(index), { type: 'Deposit', amount: 3 });
        }
        const reached: Outcome<{ readonly balance: number }>[] = [];

        const execute = async (deps: CommandDeps, { from, to, amount, fresh }: Plan, commandId: string) => {
          const outcomes = await transact(deps, newCommand({ commandId }), async (transaction) => {
            const balances = [];
            if (to === 'poorest') {
              for (const index of streams.keys()) {
                if (index === from) continue;
                balances.push({ index, ...(await transaction.load(accountDecider, id(index))) });
              }
              balances.sort((one, other) => one.balance - other.balance);
            }
            const receiver = to === 'poorest' ? (balances[0]?.index ?? null) : to;
            const give = { type: 'Deposit', amount } as const;
            const given =
              receiver === null
                ? undefined
                : await transaction.decide(accountDecider, id(receiver), give, { fresh: fresh && from === null });
            const take = { type: 'Withdraw', amount } as const;
            const taken = from === null ? undefined : await transaction.decide(accountDecider, id(from), take);
            return () => [taken?.(), given?.()].filter((outcome) => outcome !== undefined);
          });
          reached.push(...outcomes.filter(({ position }) => position > 0));
          return outcomes;
        };

        /** Sends a command as a caller would: again, with the same id, until it has an answer. */
        const send = async (item: Plan, commandId: string): Promise<'carried out' | 'replayed' | 'refused'> => {
          const process = processes[item.process] ?? side.deps;
          const store = troubled(scheduled(side.store, schedule), item.trouble);
          for (;;) {
            try {
              const outcomes = await execute({ ...process, store }, item, commandId);
              return outcomes.some(({ replayed }) => replayed) ? 'replayed' : 'carried out';
            } catch (error) {
              if (error instanceof DomainError || error instanceof WrongExpectedRevision) return 'refused';
              if (!(error instanceof StoreUnavailable || error instanceof AnswerLost)) throw error;
            }
          }
        };

        const sent = plans.map(async (item) => {
          const commandId = uuidv7();
          const copies = Array.from({ length: item.copies }, () => send(item, commandId));
          return { item, commandId, answers: await Promise.all(copies) };
        });
        const commands = await schedule.waitFor(Promise.all(sent));

        const logs = await Promise.all(streams.map((stream) => side.store.readStream(stream)));
        for (const { item, commandId, answers } of commands) {
          const accepted = answers.some((answer) => answer !== 'refused');
          const carriedOut = answers.filter((answer) => answer === 'carried out').length;
          expect(carriedOut).toBeLessThanOrEqual(accepted ? 1 : 0);
          if (item.trouble !== 'answer lost') expect(carriedOut).toBe(accepted ? 1 : 0);

          const recorded = logs.flat().filter(({ metadata }) => metadata.commandId === commandId);
          const expected = [
            ...(item.to === null ? [] : [`Deposited ${item.amount}`]),
            ...(item.from === null ? [] : [`Withdrawn ${item.amount}`]),
          ];
          expect(recorded.map(told).sort(), JSON.stringify(item)).toEqual(accepted ? expected : []);
          for (const { stream, type } of recorded) {
            const place = type === 'Deposited' ? item.to : item.from;
            if (place !== 'poorest') expect(stream).toBe(streams[place ?? -1]);
          }
        }

        for (const [index, events] of logs.entries()) {
          expect(events.map(({ revision }) => revision)).toEqual(events.map((_, revision) => revision));
          const stream = streams[index] ?? '';
          for (const event of events) {
            const { state } = await loadAt(side.store, accountDecider, stream, event.revision);
            expect(state.balance, 'nobody takes what is not there').toBeGreaterThanOrEqual(0);
          }
          const whole = await loadAt(side.store, accountDecider, stream, events.length - 1);
          for (const { aggregates } of processes) {
            const cached = aggregates.get(stream);
            if (cached) expect(cached).toEqual(await loadAt(side.store, accountDecider, stream, cached.revision));
            expect(await load(side.store, aggregates, accountDecider, stream)).toEqual(whole);
          }
        }

        const positions = new Map(logs.flat().map((event) => [event.position, event]));
        for (const { state, revision, position } of reached) {
          const event = positions.get(position);
          expect(event?.revision).toBe(revision);
          expect((await loadAt(side.store, accountDecider, event?.stream ?? '', revision)).state).toEqual(state);
        }
      }),
      { numRuns: 120 },
    );
  });
});

function told({ type, data }: RecordedEvent): string {
  return `${type} ${(data as { amount: number }).amount}`;
}
