import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../ports/logger.ts';
import type { Position } from '../../ports/event-store.ts';
import { ModelUnusable, type OpenModel } from '../../ports/read-stores.ts';
import { advance, createBatchSize, type BatchSize, type ReadLog } from './advance.ts';
import { createPace, type Pace } from './pace.ts';
import type { Projector } from './projector.ts';

const SHORTEST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** How often a model that another process keeps is looked at while somebody waits for it. */
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 50;
/** Events after its checkpoint that are looked through for one that it has still to take in. */
const MOST_LOOKED_AT = 500;

export interface LiveProjectionOptions {
  readonly version: number;
  readonly open: OpenModel;
  readonly projector: Projector;
  readonly read: ReadLog;
  readonly logger: Logger;
  /** Whether this process keeps the model up. Another one does when not: it is only looked at then. */
  readonly owned: () => boolean;
  /** Whether anybody waits for the model to go on. */
  readonly isAwaited: () => boolean;
  /** Told of every position that queries can now rely on. */
  readonly onPosition: (position: Position) => void;
}

/**
 * The version of a model that queries read, kept up with the log. A store that cannot be written makes it wait and try
 * again, ever less often; what was taken in before stays readable.
 */
export class LiveProjection {
  readonly version: number;
  readonly open: OpenModel;
  readonly projector: Projector;
  readonly #options: LiveProjectionOptions;
  readonly #batch: BatchSize;
  /** Everything that uses the projector stands in this line. */
  #line: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;
  #again = false;
  #target: Position = 0;
  #failure: { readonly message: string; readonly waitMs: number; readonly until: number } | undefined;
  #isLost = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LiveProjectionOptions) {
    this.version = options.version;
    this.open = options.open;
    this.#batch = createBatchSize(options.open.store);
    this.projector = options.projector;
    this.#options = options;
  }

  get position(): Position {
    return this.projector.position;
  }

  /** The version is gone or damaged: only another one helps. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Why it does not go on, while it does not. */
  get error(): string | undefined {
    return this.#failure?.message;
  }

  /** Takes in the log up to a position, or to its end when that comes first. Failures are kept in `error`. */
  run(target: Position, pace: Pace = createPace()): Promise<void> {
    if (target > this.#target) this.#target = target;
    if (this.#closed || target <= this.position || performance.now() < (this.#failure?.until ?? 0)) {
      return this.#running ?? Promise.resolve();
    }
    this.#again = true;
    this.#running ??= this.exclusive(() => this.#catchUp(pace));
    return this.#running;
  }

  /** Notices a version that is gone from its store although nobody reads or writes it. */
  async check(): Promise<void> {
    try {
      await this.open.store.checkpoint();
    } catch (error) {
      if (!(error instanceof ModelUnusable)) throw error;
      this.#fail(error);
    }
  }

  /** Runs work that has the projector for itself. */
  exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#line.then(work);
    // The line goes on whatever became of this turn; who asked for the turn learns it.
    this.#line = turn.catch(() => undefined);
    return turn;
  }

  /** Stops and leaves the model as a restart will find it. The model stays readable. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.exclusive(async () => {
      try {
        if (this.#options.owned()) await this.projector.record();
      } catch (error) {
        this.#options.logger.warn({ error, projection: this.projector.projection.name }, 'checkpoint not recorded');
      }
    });
  }

  async #catchUp(pace: Pace): Promise<void> {
    const { projector } = this;
    const done = (): boolean => {
      this.#options.onPosition(projector.position);
      return this.#closed || projector.position >= this.#target;
    };
    try {
      // Who asks while the log is being read may mean events that this read was too early for.
      while (this.#again) {
        this.#again = false;
        if (!this.#options.owned()) {
          await this.#watch(done);
          continue;
        }
        if (projector.isStale) await projector.reload();
        await advance(projector, this.#options.read, { pace, batch: this.#batch, until: done });
        done();
      }
      if (this.#failure !== undefined) this.#recovered();
    } catch (error) {
      this.#fail(error);
    }
    this.#running = undefined;
  }

  /** Looks how far the process that keeps the model has come: once, or for as long as somebody waits. */
  async #watch(done: () => boolean): Promise<void> {
    const { read, isAwaited, owned } = this.#options;
    for (let pauseMs = SHORTEST_LOOK_MS; ; pauseMs = Math.min(LONGEST_LOOK_MS, pauseMs * 1.5)) {
      await this.projector.look(await read(this.position, MOST_LOOKED_AT));
      if (done() || owned() || !isAwaited()) return;
      await sleep(pauseMs);
    }
  }

  #recovered(): void {
    this.#failure = undefined;
    this.#options.logger.info(
      { projection: this.projector.projection.name, position: this.position },
      'projecting again',
    );
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const waitMs = Math.min(LONGEST_WAIT_MS, (this.#failure?.waitMs ?? SHORTEST_WAIT_MS / 2) * 2);
    if (this.#failure?.message !== message) {
      const { name } = this.projector.projection;
      this.#options.logger.error(
        { error, projection: name, position: this.position },
        'projecting stopped; it is tried again',
      );
    }
    this.#isLost ||= error instanceof ModelUnusable;
    this.#failure = { message, waitMs, until: performance.now() + waitMs };
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#failure = { message, waitMs, until: 0 };
      void this.run(Math.max(this.#target, this.position + 1));
    }, waitMs).unref();
  }
}
