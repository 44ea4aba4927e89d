import { derivedId } from './derived-id.ts';
import type { Decider } from '../domain/decider.ts';
import { DomainError } from '../domain/error.ts';
import type { DomainEvent } from '../domain/event.ts';
import {
  NO_STREAM,
  WrongExpectedRevision,
  type EventToAppend,
  type Position,
  type RecordedEvent,
  type Revision,
  type StreamAppend,
} from '../ports/event-store.ts';
import { StoreUnavailable } from '../ports/unavailable.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { eventToAppend } from './event-metadata.ts';
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

const retries = 3;

/**
 * Runs `work` against the log as it stands and appends all that it decided in one transaction, at the revisions it was
 * decided on. When another command was faster, all of it is decided again, at most three times more. A command that the
 * log has already is answered from there, and records nothing more on any stream.
 *
 * A store that writes one stream at a time gets claims first, then the rest in the order of decision, then what comes
 * last. A command that ended in between goes on where it ended when it comes again; what it had claimed is given back
 * when it is refused, and taken over by others when it never comes again (docs/decisions/eventstoredb.md).
 * @throws DomainError the rules refuse; PreconditionFailed the caller saw another revision;
 *   WrongExpectedRevision conflicts did not end; StoreUnavailable nothing was recorded
 */
export async function transact<Result>(
  deps: CommandDeps,
  context: CommandContext,
  work: (transaction: Transaction) => Promise<() => Result>,
): Promise<Result> {
  const progress: Progress = { recorded: new Map(), claims: new Map() };
  for (let attempt = 0; ; attempt++) {
    const unit = new UnitOfWork(deps, context, attempt === 0, progress);
    try {
      const answer = await work(unit);
      if ((await unit.commit()) === 'done') return answer();
      // The next round finds in the log what was recorded before.
      if (attempt > retries) throw new Error(`the log has command ${context.commandId} and does not show it`);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision) || attempt >= retries) {
        if (isRefusal(error)) await withdraw(progress);
        throw error;
      }
      deps.aggregates.delete(error.stream);
      await jitter(attempt);
    }
  }
}

/** What attempts before this one have recorded, where streams are written one after the other. */
interface Progress {
  readonly recorded: Map<string, () => Outcome<unknown>>;
  readonly claims: Map<string, Claim>;
}

/** The command came to nothing, and that is known: not so when the store was unavailable. */
function isRefusal(error: unknown): boolean {
  return error instanceof DomainError || error instanceof PreconditionFailed || error instanceof WrongExpectedRevision;
}

async function withdraw({ claims }: Progress): Promise<void> {
  for (const claim of claims.values()) {
    try {
      await claim.withdraw();
    } catch (error) {
      // What cannot be given back now is taken over by the next one who wants it.
      if (!(error instanceof StoreUnavailable)) throw error;
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
  readonly options: DecideOptions;
  readonly outcome: () => Outcome<unknown>;
  readonly recorded: (events: readonly RecordedEvent[]) => void;
}

class UnitOfWork implements Transaction {
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

/** 1–5, 2–10, 4–20 ms: long enough for the other command to end, too short to be felt. */
async function jitter(attempt: number): Promise<void> {
  const ms = 2 ** attempt * (1 + Math.random() * 4);
  await new Promise((resolve) => setTimeout(resolve, ms));
}
