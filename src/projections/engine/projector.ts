import type { AllSlice, Position, RecordedEvent } from '../../ports/event-store.ts';
import { CheckpointMoved, type AnyRow, type DeadLetter, type ModelStore } from '../../ports/read-model.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { AnyProjection } from '../projection.ts';
import { fold, PoisonEvent } from './fold.ts';
import { createParkedStreams, type ParkedStreams } from './parked-streams.ts';
import { createRowCache } from './row-cache.ts';

/** How often an event is tried before its stream is parked. */
const TRIES = 3;

/** Events that may pass by without changing a row before the checkpoint is moved for their sake. */
const MOST_UNRECORDED = 5_000;

export interface ProjectorOptions {
  readonly projection: AnyProjection;
  readonly store: ModelStore<AnyRow>;
  /** `park` sets the stream of a poison event aside and goes on; `stop` throws the PoisonEvent. */
  readonly onPoison: 'park' | 'stop';
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /**
   * Moves the checkpoint with every event that the projection reads, also when no row changes: other processes then see
   * in the store how far the model is.
   */
  readonly recordsAll?: boolean;
}

/**
 * Takes events, in log order, into one version of one read model. One call at a time. What it wrote is a function of
 * the log alone: not of how the events were batched, nor of how often it was stopped and started.
 */
export class Projector {
  readonly projection: AnyProjection;
  onPoison: ProjectorOptions['onPoison'];
  readonly #store: ModelStore<AnyRow>;
  readonly #clock: () => number;
  readonly #recordsAll: boolean;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #cache = createRowCache();
  #parked: ParkedStreams;
  /** All events up to here are taken in. */
  #position: Position;
  /** The checkpoint in the store: behind `#position` by events that change nothing. */
  #recorded: Position;
  #unrecorded = 0;
  #isStale = false;

  private constructor(options: ProjectorOptions, checkpoint: Position, parked: ParkedStreams) {
    this.projection = options.projection;
    this.onPoison = options.onPoison;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#recordsAll = options.recordsAll === true;
    this.#types = options.projection.types && new Set(options.projection.types);
    this.#parked = parked;
    this.#position = checkpoint;
    this.#recorded = checkpoint;
  }

  /** Goes on where the model's checkpoint stands. @throws StoreUnavailable */
  static async open(options: ProjectorOptions): Promise<Projector> {
    const { store } = options;
    return new Projector(options, await store.checkpoint(), createParkedStreams(await store.deadLetters()));
  }

  get position(): Position {
    return this.#position;
  }

  /** Up to here events may have changed the model; those after it, up to `position`, have not. */
  get changedAt(): Position {
    return this.#recorded;
  }

  /** Somebody else has written since: `reload` before the next `take`. */
  get isStale(): boolean {
    return this.#isStale;
  }

  get deadLetters(): number {
    return this.#parked.letters;
  }

  /**
   * Takes in a slice of the log that begins at or before `position`. Another writer's changes make it go on from where
   * that one stands, so read on from `position` afterwards, whatever it is.
   * @throws StoreUnavailable, or the PoisonEvent when `onPoison` is `stop`: everything before it is taken in
   */
  async take(slice: AllSlice): Promise<void> {
    const events = slice.events.filter((event) => event.position > this.#position && this.#reads(event));
    try {
      await this.#takeTogether(events, slice.position);
      this.#unrecorded = this.#recorded === this.#position ? 0 : this.#unrecorded + slice.events.length;
      if (this.#unrecorded > MOST_UNRECORDED) await this.record();
    } catch (error) {
      if (!(error instanceof CheckpointMoved)) throw error;
      await this.reload();
    }
  }

  /**
   * Sees how far another process has taken the model, without writing. Events after its checkpoint that the projection
   * does not read count as taken in.
   * @param slice what the log holds after `position`
   */
  async look(slice: AllSlice): Promise<void> {
    const checkpoint = await this.#store.checkpoint();
    if (checkpoint < this.#recorded) {
      // The store was put back to an earlier time.
      this.#isStale = true;
      this.#recorded = checkpoint;
      this.#position = checkpoint;
      return;
    }
    if (checkpoint > this.#recorded) {
      this.#isStale = true;
      this.#recorded = checkpoint;
      this.#position = Math.max(this.#position, checkpoint);
    }
    const next = slice.events.findIndex((event) => event.position > this.#position && this.#reads(event));
    // Only places where something stands are known: the number before an event's need not be one.
    const through = next < 0 ? slice.position : slice.events[next - 1]?.position;
    this.#position = Math.max(this.#position, through ?? 0);
  }

  #reads(event: RecordedEvent): boolean {
    return this.#takes(event) || (this.#recordsAll && this.#isRetry(event));
  }

  #takes({ type }: RecordedEvent): boolean {
    return this.#types === undefined || this.#types.has(type);
  }

  /**
   * Events that were taken in late have changed rows and left the checkpoint where it was. What is recorded of it in the
   * log moves the checkpoint, so that all processes see that the model is another one.
   */
  #isRetry({ type, stream }: RecordedEvent): boolean {
    return type === 'DeadLettersRetried' && stream === `projection-${this.projection.name}`;
  }

  /** Moves the checkpoint to the position, so that a restart does not read again what changed nothing. */
  async record(): Promise<void> {
    if (this.#recorded < this.#position) await this.apply([], { to: this.#position });
  }

  /** Forgets everything and starts again from what the store says. */
  async reload(): Promise<void> {
    this.#cache.clear();
    this.#isStale = false;
    this.#parked = createParkedStreams(await this.#store.deadLetters());
    this.#recorded = await this.#store.checkpoint();
    this.#position = this.#recorded;
  }

  /**
   * Folds events and writes what they change, with dead letters, in one transaction.
   * @throws PoisonEvent, CheckpointMoved, StoreUnavailable; any other error: the store refuses a row
   */
  async apply(
    events: readonly RecordedEvent[],
    change: {
      readonly to?: Position;
      readonly park?: readonly DeadLetter[];
      readonly resolve?: readonly { readonly stream: string; readonly through: Position }[];
    },
  ): Promise<void> {
    const { to = this.#recorded, park = [], resolve = [] } = change;
    const taken = events.filter((event) => this.#takes(event));
    const rows = await fold(this.projection, taken, {
      recent: (id) => this.#cache.get(id),
      load: (ids) => this.#store.load(ids),
    });
    const nothing = rows.length === 0 && park.length === 0 && resolve.length === 0;
    if (!nothing || events.length === 0 || this.#recordsAll) {
      await this.#store.apply({
        from: this.#recorded,
        to,
        rows,
        ...(park.length > 0 && { park }),
        ...(resolve.length > 0 && { resolve }),
      });
      this.#recorded = to;
      if (this.projection.begins !== 'always') this.#cache.take(rows);
      this.#parked.resolve(resolve);
      this.#parked.park(park);
    }
    if (to > this.#position) this.#position = to;
  }

  /** A letter for an event that could not be taken in. */
  letterFor(event: RecordedEvent, error: string, attempts: number): DeadLetter {
    const { stream, position, type } = event;
    return { stream, position, type, error, attempts, parkedAt: new Date(this.#clock()).toISOString() };
  }

  async #takeTogether(events: readonly RecordedEvent[], through: Position): Promise<void> {
    if (events.length === 0) {
      if (through > this.#position) this.#position = through;
      return;
    }
    try {
      await this.#takeOrPark(events, through);
    } catch (error) {
      if (isNoPoison(error)) throw error;
      await this.#takeOneByOne(events);
      if (through > this.#position) this.#position = through;
    }
  }

  /** Events of parked streams become letters behind those that wait there; the others are folded. */
  async #takeOrPark(events: readonly RecordedEvent[], to: Position): Promise<void> {
    if (this.#parked.letters === 0) return this.apply(events, { to });
    const letters: DeadLetter[] = [];
    const open: RecordedEvent[] = [];
    for (const event of events) {
      if (this.#parked.has(event.stream))
        letters.push(this.letterFor(event, 'an earlier event of this stream waits', 0));
      else open.push(event);
    }
    await this.apply(open, { to, park: letters });
  }

  async #takeOneByOne(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      const failure = await this.#tryAlone(event);
      if (failure === undefined) continue;
      if (this.onPoison === 'stop') throw failure;
      await this.apply([], { to: event.position, park: [this.letterFor(event, failure.message, TRIES)] });
    }
  }

  async #tryAlone(event: RecordedEvent): Promise<PoisonEvent | undefined> {
    for (let tried = 1; ; tried++) {
      try {
        await this.#takeOrPark([event], event.position);
        return undefined;
      } catch (error) {
        if (isNoPoison(error)) throw error;
        if (tried === TRIES) return error instanceof PoisonEvent ? error : new PoisonEvent(event, error);
      }
    }
  }
}

/** Errors that say nothing about the event. */
function isNoPoison(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof CheckpointMoved;
}
