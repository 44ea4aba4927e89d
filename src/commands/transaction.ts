import { derivedId } from './derived-id.ts';
import type { Decider } from '../domain/decider.ts';
import type { DomainEvent, EventMetadata } from '../domain/event.ts';
import { schemaVersionOf } from '../domain/registry.ts';
import {
  NO_STREAM,
  WrongExpectedRevision,
  type EventToAppend,
  type Position,
  type RecordedEvent,
  type Revision,
  type StreamAppend,
} from '../ports/event-store.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { foldOnto, load, loadAt, nothing } from './load.ts';
import type { Loaded } from './aggregate-cache.ts';
import { PreconditionFailed } from './precondition-failed.ts';

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
}

const retries = 3;

/**
 * Runs `work` against the log as it stands and appends all that it decided in one transaction, at the revisions it was
 * decided on. When another command was faster, all of it is decided again, at most three times more. A command that the
 * log has already is answered from there, and records nothing more on any stream.
 * @throws DomainError the rules refuse; PreconditionFailed the caller saw another revision;
 *   WrongExpectedRevision conflicts did not end; StoreUnavailable nothing was recorded
 */
export async function transact<Result>(
  deps: CommandDeps,
  context: CommandContext,
  work: (transaction: Transaction) => Promise<() => Result>,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    const unit = new UnitOfWork(deps, context, attempt === 0);
    try {
      const answer = await work(unit);
      if ((await unit.commit()) === 'done') return answer();
      // The next round finds in the log what was recorded before.
      if (attempt > retries) throw new Error(`the log has command ${context.commandId} and does not show it`);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision) || attempt >= retries) throw error;
      deps.aggregates.delete(error.stream);
      await jitter(attempt);
    }
  }
}

/** One command on one stream. */
export function handle<State, Command, Event extends DomainEvent>(
  deps: CommandDeps,
  context: CommandContext,
  decider: Decider<State, Command, Event>,
  id: string,
  command: Command | ((state: State) => Command),
  options?: DecideOptions,
): Promise<Outcome<State>> {
  return transact(deps, context, (transaction) => transaction.decide(decider, id, command, options));
}

interface Pending {
  readonly stream: string;
  readonly expectedRevision: Revision;
  readonly events: EventToAppend[];
  readonly recorded: (events: readonly RecordedEvent[]) => void;
}

class UnitOfWork implements Transaction {
  readonly #deps: CommandDeps;
  readonly #context: CommandContext;
  readonly #trustFresh: boolean;
  readonly #pending: Pending[] = [];
  readonly #loaded = new Map<string, Loaded<unknown>>();
  #eventCount = 0;
  /** Streams are written all or none, so what one of them has taken is taken. */
  #taken = false;

  constructor(deps: CommandDeps, context: CommandContext, trustFresh: boolean) {
    this.#deps = deps;
    this.#context = context;
    this.#trustFresh = trustFresh;
  }

  async load<State, Command, Event extends DomainEvent>(
    decider: Decider<State, Command, Event>,
    id: string,
  ): Promise<State> {
    return (await this.#load(decider, `${decider.category}-${id}`)).state;
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
    const blind = options.fresh === true && this.#trustFresh;
    const loaded = blind ? nothing(decider.initialState) : await this.#load(decider, stream);

    const taken = loaded.commands.get(this.#context.commandId);
    if (taken !== undefined) {
      this.#taken = true;
      const then = taken === loaded.revision ? loaded : await loadAt(store, decider, stream, taken);
      return () => ({ ...outcomeOf(then), events: [], replayed: true });
    }
    if (options.conditional) this.#checkPrecondition(loaded);

    const decided = decider.decide(isMaker(command) ? command(loaded.state) : command, loaded.state);
    if (decided.length === 0) return () => ({ ...outcomeOf(loaded), events: [], replayed: false });
    let after = loaded;
    let events: readonly RecordedEvent[] = [];
    this.#pending.push({
      stream,
      expectedRevision: loaded.revision,
      events: decided.map((event) => this.#toAppend(event)),
      recorded: (recorded) => {
        events = recorded;
        after = foldOnto(loaded, events, decider);
        aggregates.set(stream, after);
      },
    });
    return () => ({ ...outcomeOf(after), events, replayed: this.#taken });
  }

  async commit(): Promise<'done' | 'recorded before'> {
    const [first, ...others] = this.#pending;
    if (!first || this.#taken) return 'done';
    const { store } = this.#deps;
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

  #checkPrecondition(loaded: Loaded<unknown>): void {
    const { expectedRevision } = this.#context;
    if (expectedRevision === undefined || loaded.revision === NO_STREAM) return;
    if (expectedRevision !== loaded.revision) throw new PreconditionFailed(expectedRevision, loaded.revision);
  }

  #toAppend(event: DomainEvent): EventToAppend {
    const { commandId, principal, correlationId, causationId, traceparent, remoteAddress } = this.#context;
    const metadata: EventMetadata = {
      eventId: derivedId(String(this.#eventCount++), commandId),
      commandId,
      actor: principal.actor,
      tenant: principal.tenant,
      correlationId,
      ...(causationId === undefined ? {} : { causationId }),
      ...(traceparent === undefined ? {} : { traceparent }),
      schemaVersion: String(schemaVersionOf(event.type)),
      occurredAt: new Date(this.#deps.clock()).toISOString(),
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    };
    return { type: event.type, data: event.data, metadata };
  }
}

function outcomeOf<State>({ state, revision, position }: Loaded<State>): Omit<Outcome<State>, 'events' | 'replayed'> {
  return { state, revision, position };
}

function isMaker<State, Command>(command: Command | ((state: State) => Command)): command is (state: State) => Command {
  return typeof command === 'function';
}

/** 1–5, 2–10, 4–20 ms: long enough for the other command to end, too short to be felt. */
async function jitter(attempt: number): Promise<void> {
  const ms = 2 ** attempt * (1 + Math.random() * 4);
  await new Promise((resolve) => setTimeout(resolve, ms));
}
