import { eventTypeFilter, type AllStreamSubscription, type ResolvedEvent } from '@eventstore/db-client';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import type { AllSlice, DecodeEventData, Position, RecordedEvent } from '../../../ports/event-store.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { EventMatcher } from '../event-matcher.ts';
import type { Connection } from './connection.ts';
import { explainFailure } from './failure.ts';
import { fromPositionOf } from './reads.ts';
import { ownEventOf, positionOf } from './stored-event.ts';

const MOST_EVENTS = 1_024;

/** Everything but the server's own events; told how far it looked at the latest after so many of them. */
const withoutSystemEvents = eventTypeFilter({ regex: '^[^$].*', maxSearchWindow: 500 });

/**
 * The newest events, kept as the server sends them: one subscription for all followers of this process. What is kept has
 * no gap, since a broken subscription goes on from the last event that arrived. It runs while somebody follows.
 */
export class Tail {
  readonly #connection: Connection;
  readonly #decode: DecodeEventData;
  readonly #logger: Pick<Logger, 'warn'> | undefined;
  /** Everything after `#floor` and up to `#position` that this platform wrote. */
  #events: RecordedEvent[] = [];
  #floor: Position = 0;
  #position: Position = 0;
  #followers = 0;
  #subscription: AllStreamSubscription | undefined;
  #pause: NodeJS.Timeout | undefined;
  #backoffMs: number;
  #running = false;
  #failure: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(connection: Connection, decode: DecodeEventData, logger: Pick<Logger, 'warn'> | undefined) {
    this.#connection = connection;
    this.#decode = decode;
    this.#logger = logger;
    this.#backoffMs = connection.timing.retryMs;
  }

  /** One more follower, until the function answered is called. */
  join(): () => void {
    this.#followers++;
    return () => {
      if (--this.#followers === 0) this.#stop();
    };
  }

  /** What came after a position; undefined when not all of that is here. @throws StoreUnavailable it was closed */
  slice(after: Position, limit: number, matches: EventMatcher): AllSlice | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#running || after < this.#floor) return undefined;
    const events: RecordedEvent[] = [];
    for (let index = this.#indexAfter(after); index < this.#events.length; index++) {
      const event = this.#events[index];
      if (event === undefined || (matches !== undefined && !matches(event))) continue;
      events.push(event);
      if (events.length === limit) break;
    }
    const last = events.at(-1);
    const position = last !== undefined && events.length === limit ? last.position : Math.max(after, this.#position);
    return { events, position, end: position >= this.#position };
  }

  /** Begins after a position that a read found to be the end, unless it runs. */
  start(after: Position): void {
    if (this.#running || this.#failure !== undefined) return;
    this.#running = true;
    this.#events = [];
    this.#floor = after;
    this.#position = after;
    this.#subscribe();
  }

  /** Ends the wait when something is there after the position, at the abort, or after so many milliseconds. */
  async wait(after: Position, signal: AbortSignal, mostMs: number | undefined): Promise<void> {
    if (this.#position > after || this.#failure !== undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = mostMs === undefined ? undefined : setTimeout(wake, mostMs);
      signal.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }

  /** Ends for good: followers are told the reason. */
  close(reason: Error): void {
    this.#failure ??= reason;
    this.#stop();
    this.#wake();
  }

  #subscribe(): void {
    const subscription = this.#connection.client.subscribeToAll({
      fromPosition: fromPositionOf(this.#position),
      filter: {
        ...withoutSystemEvents,
        checkpointReached: (from, { commit }) => {
          if (from === this.#subscription) checkpoint = Number(commit) + 1;
        },
      },
    });
    // Heard of before the events ahead of it: it counts once those are through.
    let checkpoint: Position = 0;
    const ended = (error: unknown): void => {
      if (this.#subscription === subscription) this.#resubscribe(error);
    };
    this.#subscription = subscription;
    subscription.on('error', ended);
    subscription.on('end', () => ended(new Error('it ended the subscription')));
    subscription.on('confirmation', () => (this.#backoffMs = this.#connection.timing.retryMs));
    subscription.on('data', (resolved: ResolvedEvent) => {
      if (this.#subscription !== subscription) return;
      try {
        this.#add(resolved);
      } catch (error) {
        ended(error);
      }
      if (checkpoint > this.#position && subscription.readableLength === 0) this.#moveTo(checkpoint);
    });
  }

  #add(resolved: ResolvedEvent): void {
    const position = positionOf(resolved);
    if (position === undefined || position <= this.#position) return;
    const event = ownEventOf(resolved, this.#decode)?.event;
    if (event !== undefined) this.#events.push(event);
    if (this.#events.length > 2 * MOST_EVENTS) {
      const gone = this.#events.splice(0, this.#events.length - MOST_EVENTS);
      this.#floor = gone.at(-1)?.position ?? this.#floor;
    }
    this.#moveTo(position);
  }

  #moveTo(position: Position): void {
    this.#position = position;
    this.#wake();
  }

  #resubscribe(error: unknown): void {
    this.#leave();
    const failure = explainFailure(error);
    if (failure instanceof EngineUnfit || failure instanceof RangeError) {
      // Those who wait read for themselves then, and meet the same.
      this.#running = false;
      this.#wake();
      return;
    }
    this.#logger?.warn({ error: failure }, 'the subscription to EventStoreDB broke and is begun again');
    this.#pause = setTimeout(() => this.#subscribe(), this.#backoffMs);
    this.#backoffMs = Math.min(2 * this.#backoffMs, this.#connection.timing.mostBackoffMs);
  }

  #stop(): void {
    clearTimeout(this.#pause);
    this.#running = false;
    this.#events = [];
    this.#leave();
  }

  #leave(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    // It may have failed before it began; then there is nothing to leave.
    subscription?.unsubscribe().catch(() => undefined);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #indexAfter(position: Position): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
