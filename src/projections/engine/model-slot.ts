import type { Position } from '../../ports/event-store.ts';
import type { OpenModel } from '../../ports/read-stores.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { AnyProjection } from '../projection.ts';
import type { LiveProjection } from './live-projection.ts';
import { createWaiters, type Waiters } from './waiters.ts';

/** How long a replaced version stays open, so that a query that took it before the switch ends well. */
const GRACE_MS = 10_000;

/** What exclusive work on a model's versions is going on. */
export type Work = 'building' | 'rebuilding' | 'rolling_back';

/** One read model: the version that is live, the one before it, and who waits for it. */
export class ModelSlot {
  readonly projection: AnyProjection;
  readonly waiters: Waiters = createWaiters();
  previous: number | null = null;
  work: Work | undefined;
  /** Why the model cannot be built, opened or reached at the moment. */
  buildError: string | undefined;
  /** Whether this process keeps the model up. */
  owned = true;
  #live: LiveProjection | undefined;
  readonly #leaving = new Map<OpenModel, NodeJS.Timeout>();

  constructor(projection: AnyProjection) {
    this.projection = projection;
  }

  get name(): string {
    return this.projection.name;
  }

  get live(): LiveProjection | undefined {
    return this.#live;
  }

  get position(): Position {
    return this.#live?.position ?? 0;
  }

  /** The open version that queries read. @throws StoreUnavailable it is being built for the first time */
  open(): OpenModel {
    if (this.#live === undefined) {
      throw new StoreUnavailable(`the read model ${this.name} is being built from the log`, { retryAfterMs: 5_000 });
    }
    return this.#live.open;
  }

  /** Queries read this version from now on. Answers the one that they read before. */
  replace(live: LiveProjection): LiveProjection | undefined {
    const before = this.#live;
    this.#live = live;
    this.buildError = undefined;
    this.waiters.reached(live.position);
    return before;
  }

  /** Closes a version that nobody will ask for again, when those who still have it are done. */
  leave(open: OpenModel, onError: (error: unknown) => void): void {
    const timer = setTimeout(() => {
      this.#leaving.delete(open);
      open.store.close().catch(onError);
    }, GRACE_MS).unref();
    this.#leaving.set(open, timer);
  }

  /** There is no usable version any more: queries are refused until one is built. */
  lose(reason: string): LiveProjection | undefined {
    const before = this.#live;
    this.#live = undefined;
    this.buildError = reason;
    return before;
  }

  async close(): Promise<void> {
    this.waiters.close();
    await this.#live?.stop();
    await this.#live?.open.store.close();
    for (const [open, timer] of this.#leaving) {
      clearTimeout(timer);
      await open.store.close();
    }
    this.#leaving.clear();
  }
}
