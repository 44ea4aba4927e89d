import { derivedId } from './derived-id.ts';
import type { Decider } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/event.ts';
import {
  NO_STREAM,
  type EventToAppend,
  type RecordedEvent,
  type Revision,
  type StreamAppend,
} from '../ports/event-store.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { eventToAppend } from './event-metadata.ts';
import { foldOnto, load, loadAt, nothing } from './load.ts';
import type { Loaded } from './aggregate-cache.ts';
import { PreconditionFailed } from './precondition-failed.ts';
import type { Claim, DecideOptions, Outcome, Transaction } from './transaction-types.ts';

/** What attempts before this one have recorded, where streams are written one after the other. */
export interface Progress {
  readonly recorded: Map<string, () => Outcome<unknown>>;
  readonly claims: Map<string, Claim>;
}

interface Pending {
  readonly stream: string;
  readonly expectedRevision: Revision;
  readonly events: EventToAppend[];
  readonly options: DecideOptions;
  readonly outcome: () => Outcome<unknown>;
  readonly recorded: (events: readonly RecordedEvent[]) => void;
}

/** One attempt of a command: what it loads and decides, and the append of all of it at the end. */
export class UnitOfWork implements Transaction {
  readonly #deps: CommandDeps;
  readonly #context: CommandContext;
  readonly #trustFresh: boolean;
  readonly #pending: Pending[] = [];
  readonly #loaded = new Map<string, Loaded<unknown>>();
  readonly #progress: Progress;
  readonly #streams = new Set<string>();
  #eventCount = 0;
  /** Streams are written all or none, so what one of them has taken is taken. */
  #taken = false;

  constructor(deps: CommandDeps, context: CommandContext, trustFresh: boolean, progress: Progress) {
    this.#deps = deps;
    this.#context = context;
    this.#trustFresh = trustFresh;
    this.#progress = progress;
  }

  async load<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    id: string,
  ): Promise<State> {
    return (await this.#load(decider, `${decider.category}-${id}`)).state;
  }

  async hasTaken<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    id: string,
  ): Promise<boolean> {
    return (await this.#load(decider, `${decider.category}-${id}`)).commands.has(this.#context.commandId);
  }

  async #load<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    stream: string,
  ): Promise<Loaded<State>> {
    const known = this.#loaded.get(stream) as Loaded<State> | undefined;
    if (known) return known;
    const loaded = await load(this.#deps.store, this.#deps.aggregates, decider, stream);
    this.#loaded.set(stream, loaded);
    return loaded;
  }

  async decide<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    id: string,
    command: Command | ((state: State) => Command),
    options: DecideOptions = {},
  ): Promise<() => Outcome<State>> {
    const { store, aggregates } = this.#deps;
    const stream = `${decider.category}-${id}`;
    if (this.#pending.some((other) => other.stream === stream)) throw new Error(`${stream} is decided twice`);
    this.#streams.add(stream);
    // Of this very stream, so of this very decider.
    const recorded = this.#progress.recorded.get(stream) as (() => Outcome<State>) | undefined;
    if (recorded && !options.claim) return recorded;
    const blind = options.fresh === true && this.#trustFresh;
    const loaded = blind ? nothing(decider.initialState) : await this.#load(decider, stream);

    const taken = loaded.commands.get(this.#context.commandId);
    if (taken !== undefined && (store.atomicAppendMany || !options.claim)) {
      this.#taken = store.atomicAppendMany;
      const then = taken === loaded.revision ? loaded : await loadAt(store, decider, stream, taken);
      return () => ({ ...outcomeOf(then), events: [], replayed: true });
    }
    if (options.conditional) this.#checkPrecondition(loaded);

    let decided: readonly DomainEvent[] = decider.decide(
      isMaker(command) ? command(loaded.state) : command,
      loaded.state,
    );
    if (decided.length === 0 && options.claim && !store.atomicAppendMany) decided = [options.claim.again];
    if (decided.length === 0) return () => ({ ...outcomeOf(loaded), events: [], replayed: false });
    let after = loaded;
    let events: readonly RecordedEvent[] = [];
    const outcome = (): Outcome<State> => ({ ...outcomeOf(after), events, replayed: this.#taken });
    this.#pending.push({
      stream,
      options,
      outcome,
      expectedRevision: loaded.revision,
      events: decided.map((event) => this.#toAppend(event)),
      recorded: (recorded) => {
        events = recorded;
        after = foldOnto(loaded, events, decider);
        aggregates.set(stream, after);
      },
    });
    return outcome;
  }

  async commit(): Promise<'done' | 'recorded before'> {
    const [first, ...others] = this.#pending;
    if (!first || this.#taken) return 'done';
    const { store } = this.#deps;
    if (!store.atomicAppendMany) return this.#commitInTurn();
    const result =
      others.length === 0
        ? await store.append(first.stream, first.expectedRevision, first.events)
        : await store.appendMany(
            this.#pending.map(({ stream, expectedRevision, events }): StreamAppend => {
              return { stream, expectedRevision, events };
            }),
          );
    if (result.repeated) return 'recorded before';
    for (const { stream, recorded } of this.#pending) {
      recorded(others.length === 0 ? result.events : result.events.filter((event) => event.stream === stream));
    }
    return 'done';
  }

  /** Claims, then the rest, then what comes last. What stands, stands: the next attempt goes on from there. */
  async #commitInTurn(): Promise<'done' | 'recorded before'> {
    const { recorded, claims } = this.#progress;
    for (const pending of this.#pending.toSorted((one, other) => turnOf(one) - turnOf(other))) {
      const { stream, expectedRevision, events, options } = pending;
      const result = await this.#deps.store.append(stream, expectedRevision, this.#identified(pending, events));
      if (options.claim) claims.set(stream, options.claim);
      // By the same command elsewhere: the next attempt reads what it came to there.
      if (result.repeated) return 'recorded before';
      pending.recorded(result.events);
      recorded.set(stream, pending.outcome);
    }
    return 'done';
  }

  /**
   * Ids that are the same whenever the command is decided on the same revision, whatever the other streams have taken
   * meanwhile: a number that counts through all streams would not be.
   */
  #identified({ stream, expectedRevision }: Pending, events: readonly EventToAppend[]): readonly EventToAppend[] {
    if (this.#streams.size === 1) return events;
    return events.map((event, index) => {
      const eventId = derivedId(`${stream} ${expectedRevision + 1 + index}`, this.#context.commandId);
      return { ...event, metadata: { ...event.metadata, eventId } };
    });
  }

  #checkPrecondition(loaded: Loaded<unknown>): void {
    const { expectedRevision } = this.#context;
    if (expectedRevision === undefined || loaded.revision === NO_STREAM) return;
    if (expectedRevision !== loaded.revision) throw new PreconditionFailed(expectedRevision, loaded.revision);
  }

  #toAppend(event: DomainEvent): EventToAppend {
    const eventId = derivedId(String(this.#eventCount++), this.#context.commandId);
    return eventToAppend(this.#deps, this.#context, event, eventId);
  }
}

function turnOf({ options: { claim, last } }: Pending): number {
  return claim ? 0 : last ? 2 : 1;
}

function outcomeOf<State>({ state, revision, position }: Loaded<State>): Omit<Outcome<State>, 'events' | 'replayed'> {
  return { state, revision, position };
}

function isMaker<State, Command>(command: Command | ((state: State) => Command)): command is (state: State) => Command {
  return typeof command === 'function';
}
