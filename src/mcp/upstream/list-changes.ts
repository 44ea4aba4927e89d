import type { Logger } from '../../ports/logger.ts';
import type { UpstreamTarget } from '../../ports/upstream.ts';

/** Milliseconds in which several announcements of one server are one: each makes somebody ask for its lists again. */
const GATHER_MS = 500;

/** Passes on that a server's lists have changed, once for announcements that come in a burst. */
export class ListChanges {
  readonly #logger: Logger;
  readonly #listeners: ((target: UpstreamTarget) => void)[] = [];
  readonly #gathering = new Map<string, NodeJS.Timeout>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  listen(listener: (target: UpstreamTarget) => void): void {
    this.#listeners.push(listener);
  }

  announce(key: string, target: UpstreamTarget): void {
    if (this.#gathering.has(key)) return;
    const tell = (): void => {
      this.#gathering.delete(key);
      for (const listener of this.#listeners) this.#tell(listener, target);
    };
    this.#gathering.set(key, setTimeout(tell, GATHER_MS));
  }

  close(): void {
    for (const timer of this.#gathering.values()) clearTimeout(timer);
    this.#gathering.clear();
  }

  #tell(listener: (target: UpstreamTarget) => void, target: UpstreamTarget): void {
    try {
      listener(target);
    } catch (error) {
      this.#logger.error({ error, mcpId: target.mcpId }, 'a listener for changed lists failed');
    }
  }
}
