import type { Position } from '../../../ports/event-store.ts';
import type { Draft } from './draft.ts';
import type { OpenLog } from './log-file.ts';
import { RecentEvents } from './recent-events.ts';
import { StreamHeads } from './stream-heads.ts';
import { WakeUps } from './wake-ups.ts';

/** What is known in memory about the log as it was committed last. Everything that reads goes by it. */
export class CommittedLog {
  readonly streamHeads = new StreamHeads();
  readonly recent: RecentEvents;
  readonly wakeUps = new WakeUps();
  head: Position;
  /** Milliseconds since the epoch; times never fall along the log, even when the clock is set back. */
  #recordedAt: number;

  constructor({ queries }: OpenLog) {
    this.head = queries.head();
    this.#recordedAt = queries.recordedAt(this.head);
    this.recent = new RecentEvents(this.head);
  }

  /** The time to record now, given what the clock shows. */
  timeOf(clockMs: number): number {
    return Math.max(this.#recordedAt, Math.floor(clockMs));
  }

  /** Takes in what was just committed. */
  publish(draft: Draft): void {
    if (draft.events.length === 0) return;
    for (const [stream, revision] of draft.heads) this.streamHeads.set(stream, revision);
    draft.events.forEach((event, index) => this.recent.add(event, draft.sizes[index] ?? 0));
    this.head += draft.events.length;
    this.#recordedAt = draft.recordedAt;
  }

  /** Takes the log as it is found after its connection was given up, when it is not as it was known. */
  adopt({ queries }: OpenLog): void {
    const head = queries.head();
    this.streamHeads.clear();
    if (head === this.head) return;
    this.head = head;
    this.#recordedAt = queries.recordedAt(head);
    this.recent.reset(head);
    this.wakeUps.announce();
  }
}
