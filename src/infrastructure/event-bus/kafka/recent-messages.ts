import type { DecodeEventData, Position, RecordedEvent } from '../../../ports/event-store.ts';
import type { EventMatcher } from '../../event-store/event-matcher.ts';
import type { Announcement } from './message.ts';
import { recordedEventOf } from './recorded-event.ts';

const MOST_MESSAGES = 8_192;
const MOST_CHARACTERS = 16 * 1024 * 1024;

export interface Stretch {
  readonly events: readonly RecordedEvent[];
  /** All events up to here were considered. */
  readonly position: Position;
}

interface Kept {
  readonly announcement: Announcement;
  /** Decoded when the first reader wants it, for all of them. */
  event?: RecordedEvent | undefined;
}

/**
 * The latest messages of the bus in log order, in whatever order they came and however often. A reader goes from one to
 * the next where the chain is whole. Bounded: what is older is read from the log.
 */
export class RecentMessages {
  readonly #decode: DecodeEventData;
  #kept: Kept[] = [];
  #characters = 0;

  constructor(decode: DecodeEventData) {
    this.#decode = decode;
  }

  /** Position of the last message, 0 when there is none. */
  get last(): Position {
    return this.#kept.at(-1)?.announcement.position ?? 0;
  }

  /** A message that is there already is not kept twice. */
  add(announcement: Announcement): void {
    const index = this.#indexAfter(announcement.position);
    if (this.#kept[index - 1]?.announcement.position === announcement.position) return;
    this.#kept.splice(index, 0, { announcement });
    this.#characters += announcement.payload?.length ?? 0;
    if (this.#kept.length > MOST_MESSAGES || this.#characters > MOST_CHARACTERS) this.#forgetOldest();
  }

  /**
   * What follows a position without a gap: up to `limit` events that the filter admits. Undefined when the next event
   * is not known, or is too large to be here.
   */
  after(position: Position, limit: number, matches: EventMatcher): Stretch | undefined {
    const events: RecordedEvent[] = [];
    let reached = position;
    for (let index = this.#indexAfter(position); index < this.#kept.length && events.length < limit; index++) {
      const kept = this.#kept[index];
      if (kept === undefined || kept.announcement.previous > reached) break;
      if (matches === undefined || matches(kept.announcement)) {
        kept.event ??= recordedEventOf(kept.announcement, this.#decode);
        if (kept.event === undefined) break;
        events.push(kept.event);
      }
      reached = kept.announcement.position;
    }
    return reached > position ? { events, position: reached } : undefined;
  }

  /** The next event is known, but must be read from the log. */
  isOnlyAnnounced(position: Position): boolean {
    const next = this.#kept[this.#indexAfter(position)]?.announcement;
    return next !== undefined && next.previous <= position && next.payload === undefined;
  }

  /** Index of the first message beyond a position. New messages mostly come last. */
  #indexAfter(position: Position): number {
    if (position >= this.last) return this.#kept.length;
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle]?.announcement.position ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Down to three quarters at once, so that not every message moves all others; the last one always stays. */
  #forgetOldest(): void {
    const mostMessages = MOST_MESSAGES * 0.75;
    const mostCharacters = MOST_CHARACTERS * 0.75;
    let forgotten = 0;
    while (
      forgotten < this.#kept.length - 1 &&
      (this.#kept.length - forgotten > mostMessages || this.#characters > mostCharacters)
    ) {
      this.#characters -= charactersOf(this.#kept[forgotten++]);
    }
    this.#kept = this.#kept.slice(forgotten);
  }
}

function charactersOf(kept: Kept | undefined): number {
  return kept?.announcement.payload?.length ?? 0;
}
