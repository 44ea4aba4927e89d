/** Wake-ups that the main thread affords in a millisecond, beside its other work. */
const PER_MS = 50;

/** How soon a follower whose filter admits nothing learns that the log has moved on. */
const TICK_MS = 100;

/** `news`: something was committed. `tick`: time to say how far the log has moved. `stopped`: the wait was given up. */
export type WakeReason = 'news' | 'tick' | 'stopped';

export interface Wait {
  readonly reason: Promise<WakeReason>;
  stop(): void;
}

interface Sleeper {
  readonly wake: (reason: WakeReason) => void;
  readonly fail: (error: Error) => void;
}

/**
 * One wake-up shared by everyone who waits for the log to grow. Waves follow each other at once while few wait, and
 * further apart the more they are, so that thousands of followers cost a bounded share of the thread and get larger
 * slices instead.
 */
export class WakeUps {
  #sleepers = new Set<Sleeper>();
  #nextWaveAt = 0;
  #wave: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout | undefined;
  #closed: Error | undefined;

  /** Sleeps until the next wave. With `tick`, a wave comes soon even when nothing is committed. */
  wait(tick: boolean): Wait {
    if (this.#closed !== undefined) return { reason: Promise.reject(this.#closed), stop: () => undefined };
    if (tick) this.#tick ??= setTimeout(() => this.#onTick(), TICK_MS);
    const { promise, resolve, reject } = Promise.withResolvers<WakeReason>();
    const sleeper: Sleeper = { wake: resolve, fail: reject };
    this.#sleepers.add(sleeper);
    const stop = (): void => {
      this.#sleepers.delete(sleeper);
      resolve('stopped');
    };
    return { reason: promise, stop };
  }

  /** Tells that the log has grown. */
  announce(): void {
    if (this.#sleepers.size === 0 || this.#wave !== undefined) return;
    const delay = this.#nextWaveAt - performance.now();
    if (delay <= 0) this.#wakeAll('news');
    else this.#wave = setTimeout(() => this.#onWave(), delay);
  }

  /** Fails everyone who waits, now and from now on. */
  close(error: Error): void {
    this.#closed = error;
    clearTimeout(this.#wave);
    clearTimeout(this.#tick);
    for (const sleeper of this.#sleepers) sleeper.fail(error);
    this.#sleepers.clear();
  }

  #onWave(): void {
    this.#wave = undefined;
    this.#wakeAll('news');
  }

  #onTick(): void {
    this.#tick = undefined;
    this.#wakeAll('tick');
  }

  #wakeAll(reason: WakeReason): void {
    const woken = this.#sleepers;
    this.#sleepers = new Set();
    this.#nextWaveAt = performance.now() + (woken.size < PER_MS ? 0 : woken.size / PER_MS);
    for (const sleeper of woken) sleeper.wake(reason);
  }
}
