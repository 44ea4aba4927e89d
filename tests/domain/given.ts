import { expect } from 'vitest';
import type { Decider } from '../../src/domain/decider.ts';
import { DomainError, type RejectionKind } from '../../src/domain/error.ts';
import type { DomainEvent } from '../../src/domain/event.ts';

/** The state that a history leads to. */
export function fold<State, Command, Event extends DomainEvent>(
  { evolve, initialState }: Decider<State, Command, Event>,
  history: readonly Event[],
): State {
  return history.reduce(evolve, initialState);
}

/** What a decider accepts, as events; undefined when its rules refuse. Any other error is a mistake and is thrown. */
export function accepted<State, Command, Event extends DomainEvent>(
  { decide }: Decider<State, Command, Event>,
  command: Command,
  state: State,
): readonly Event[] | undefined {
  try {
    return decide(command, state);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** `given(history).when(command).then(events)`, or `.thenRejects(kind, code)`, for one decider. */
export function scenariosOf<State, Command, Event extends DomainEvent>(decider: Decider<State, Command, Event>) {
  return (history: readonly Event[]) => ({
    when(command: Command) {
      const decide = () => decider.decide(command, fold(decider, history));
      return {
        then(expected: readonly Event[]): void {
          expect(decide()).toEqual(expected);
        },
        thenRejects(kind: RejectionKind, code: string): DomainError {
          const rejection = thrownBy(decide);
          expect(rejection).toBeInstanceOf(DomainError);
          expect(rejection).toMatchObject({ kind, code });
          return rejection as DomainError;
        },
      };
    },
  });
}

function thrownBy(decide: () => unknown): unknown {
  let decided: unknown;
  try {
    decided = decide();
  } catch (error) {
    return error;
  }
  return expect.fail(`nothing was refused: ${JSON.stringify(decided)}`);
}
