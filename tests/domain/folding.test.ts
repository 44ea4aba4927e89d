import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decider } from '../../src/domain/decider.ts';
import type { DomainEvent } from '../../src/domain/event.ts';
import { eventTypes } from '../../src/domain/registry.ts';
import { forEachDecider } from './arbitrary-commands.ts';
import { accepted, fold } from './given.ts';

/** Every event that a series of commands leads to, and the state of which each is told. */
function play<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  commands: readonly Command[],
  onEvent: (before: State, event: Event, after: State) => void = () => undefined,
): Event[] {
  const history: Event[] = [];
  let state = decider.initialState;
  for (const command of commands) {
    for (const event of accepted(decider, command, state) ?? []) {
      const before = state;
      state = decider.evolve(before, event);
      onEvent(before, event, state);
      history.push(event);
    }
  }
  return history;
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

forEachDecider(({ decider, command, withoutEffect }) => {
  const commands = fc.array(command, { maxLength: 30 });

  describe(`any accepted history of a ${decider.category}`, () => {
    it('is the same each time the same commands come', () => {
      fc.assert(
        fc.property(commands, (series) => {
          expect(play(decider, series)).toEqual(play(decider, series));
        }),
      );
    });

    it('folds to the same state from memory and from JSON', () => {
      fc.assert(
        fc.property(commands, (series) => {
          const history = play(decider, series);
          const stored = JSON.parse(JSON.stringify(history)) as typeof history;
          expect(fold(decider, stored)).toEqual(fold(decider, history));
        }),
      );
    });

    it('folds without changing events or states', () => {
      fc.assert(
        fc.property(commands, (series) => {
          const history = play(decider, series.map(frozen), (_before, event, after) => {
            frozen(event);
            frozen(after);
          });
          expect(fold(decider, history)).toEqual(fold(decider, JSON.parse(JSON.stringify(history)) as typeof history));
        }),
      );
    });

    it('holds only events that are registered and that its fold understands', () => {
      fc.assert(
        fc.property(commands, (series) => {
          play(decider, series, (before, event, after) => {
            expect(eventTypes).toContain(event.type);
            if (withoutEffect.includes(event.type)) expect(after).toBe(before);
            else expect(after, event.type).not.toBe(before);
          });
        }),
      );
    });

    it('is not disturbed by events of a type that nobody knows here', () => {
      // What a newer version of the product may have written.
      const unknown = { type: 'SomethingElseHappened', data: { version: 1 } } as DomainEvent as ReturnType<
        typeof decider.decide
      >[number];
      fc.assert(
        fc.property(commands, fc.nat(), (series, place) => {
          const history = play(decider, series);
          const at = place % (history.length + 1);
          expect(fold(decider, history.toSpliced(at, 0, unknown))).toEqual(fold(decider, history));
        }),
      );
    });
  });
});
