/** Wakes everyone who waits for something new, or tells them that nothing can come. */
export class News {
  #waiting = new Set<{ readonly wake: () => void; readonly fail: (error: Error) => void }>();

  wake(): void {
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const { wake } of woken) wake();
  }

  fail(error: Error): void {
    const failed = this.#waiting;
    this.#waiting = new Set();
    for (const { fail } of failed) fail(error);
  }

  /** Settles with the next news, when the signal aborts, or after some milliseconds; rejects with what `fail` is told. */
  async wait(signal: AbortSignal, ms?: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    const waiter = { wake, fail: reject };
    this.#waiting.add(waiter);
    const timer = ms === undefined ? undefined : setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#waiting.delete(waiter);
    }
  }
}
