import type { Decider } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/event.ts';
import type { Position, RecordedEvent, Revision } from '../ports/event-store.ts';

export interface Outcome<State> {
  readonly state: State;
  readonly revision: Revision;
  readonly position: Position;
  /** What this command recorded on this stream; nothing when it had nothing to change or was replayed. */
  readonly events: readonly RecordedEvent[];
  /** The command had been taken before: this is what it came to then. */
  readonly replayed: boolean;
}

export interface Transaction {
  /** Whether a stream has taken this command before. */
  hasTaken<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    id: string,
  ): Promise<boolean>;
  /** The state that a later `decide` on the same stream will see. */
  load<State, Command, Event extends DomainEvent>(decider: Decider<State, Command, Event>, id: string): Promise<State>;
  /** Loads, decides, and keeps what was decided for the append at the end. `command` may be made from the state. */
  decide<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    id: string,
    command: Command | ((state: State) => Command),
    options?: DecideOptions,
  ): Promise<() => Outcome<State>>;
}

export interface DecideOptions {
  /** The id is new: nothing is read first. When it turns out to be known, the retry reads. */
  readonly fresh?: boolean;
  /** `If-Match` of the command is about this stream. */
  readonly conditional?: boolean;
  /** What is decided is a claim that the rest of the transaction rests on. */
  readonly claim?: Claim;
  /** Of use only once the rest stands: where streams are written one after the other, this one comes last. */
  readonly last?: boolean;
}

/** Matters where streams are written one after the other: claims come first, and may be left behind. */
export interface Claim {
  /** Makes the claim again when it stands already, so that nobody who is about to withdraw it succeeds unseen. */
  readonly again: DomainEvent;
  /** Gives the claim back, unless it came to be used. */
  readonly withdraw: () => Promise<void>;
}
