import type { DomainEvent } from './event.ts';

/**
 * The three pure functions of an aggregate. Time, ids and secrets arrive in the command, so the same command on the
 * same state always gives the same events. `decide` throws DomainError when it rejects.
 */
export interface Decider<State, Command, Event extends DomainEvent> {
  /** The stream category: streams are named `<category>-<id>`. */
  readonly category: string;
  readonly initialState: State;
  readonly decide: (command: Command, state: State) => readonly Event[];
  readonly evolve: (state: State, event: Event) => State;
}
