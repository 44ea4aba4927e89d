/**
 * What processes that work side by side share besides the log and the read models. None of it is a source of truth: all
 * may be lost at any moment, and nothing becomes wrong by that, only slower. Every method answers within a few seconds
 * and none fails because the coordinator is away.
 */
export interface Coordination {
  readonly leases: Leases;
  readonly presence: Presence;
  readonly cache: SharedCache;
  readonly channels: Channels;
  readonly rateLimits: RateLimits;
  close(): Promise<void>;
}

export interface Leases {
  /**
   * Takes a lease that nobody holds. Undefined when it is held, by this process perhaps, or when the coordinator cannot
   * be asked: try again later.
   * @param ttlMs how long it is held without being renewed
   * @param above an epoch that the new one must exceed: the highest that the holder's own store has seen
   */
  acquire(name: string, ttlMs: number, options?: { readonly above?: number }): Promise<Lease | undefined>;
}

/**
 * The right to do something alone, for a time. A holder that was stopped for longer than that may still believe in it,
 * so every write done under a lease carries its epoch, and the store refuses an epoch below the highest it has seen.
 */
export interface Lease {
  readonly name: string;
  /** Exceeds the epoch of every earlier lease of this name, and `above`. */
  readonly epoch: number;
  /** Aborts once, when the lease is over: its time passed on this process's own clock, another holds it, or it was released. */
  readonly lost: AbortSignal;
  /** Whether it is held at this very moment, by the clock: right even when no timer could run in the meantime. */
  held(): boolean;
  /**
   * Begins its time anew. False when that could not be done: the lease is over if `held` says so, and otherwise it can be
   * tried again while its time lasts.
   */
  renew(): Promise<boolean>;
  /** Gives it back, so that the next holder need not wait. Without a coordinator its time has to pass. */
  release(): Promise<void>;
}

/** One running process, as the others see it. */
export interface Node {
  /** Of this run of the process: a restarted one is another node. */
  readonly id: string;
  readonly roles: readonly string[];
  readonly version: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly host?: string;
}

export interface Presence {
  /** Lets the node be seen for a time. Repeat it well before the time is over. */
  announce(node: Node, ttlMs: number): Promise<void>;
  /** Takes the node from view at once. */
  withdraw(id: string): Promise<void>;
  /** The nodes seen now, by id. Without a coordinator: those that this process announced. */
  nodes(): Promise<readonly Node[]>;
}

/**
 * Values that are costly to make. A value may vanish at any time. An old one may also come back, because a deletion can be
 * lost with the coordinator: whatever makes a value stale, such as its model's version and position, belongs in its key.
 */
export interface SharedCache {
  get(key: string): Promise<string | undefined>;
  /** Whether it was kept. Values above the cache's limit are not. */
  set(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Whether it was removed. */
  delete(key: string): Promise<boolean>;
}

export interface ChannelListener {
  message(text: string): void;
  /** Messages may have been missed, or will be: let go of everything that they would have changed. */
  gap(): void;
}

export interface Subscription {
  /** Whether messages arrive now. While they do not, nothing may be kept that they would change. */
  live(): boolean;
  close(): void;
}

/** Messages to every process that listens now, the sender included. Nothing is kept for those that do not. */
export interface Channels {
  /** Whether it was handed over. */
  publish(channel: string, text: string): Promise<boolean>;
  /**
   * Listens. When it answers, either messages published from now on arrive, or the subscription is not live and `gap` is
   * told when it becomes so.
   */
  subscribe(channel: string, listener: ChannelListener): Promise<Subscription>;
}

/** So much at once and in any window: `limit` is what may come in one burst, `limit / windowMs` what may come for long. */
export interface RateLimit {
  /** What is counted, such as an address. No secret, and no name of a person: it stands in the coordinator as it is. */
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
  /** How much of the limit one use is; absent: 1. */
  readonly cost?: number;
}

/** What is left of one limit. */
export interface RateState {
  readonly remaining: number;
  /** Milliseconds until some of what is used becomes free again; 0 when nothing is used. */
  readonly resetMs: number;
  /** Milliseconds until the use asked for fits; 0 when it does. */
  readonly retryMs: number;
}

export interface RateAnswer {
  readonly allowed: boolean;
  /** One for each limit asked about, in that order. */
  readonly states: readonly RateState[];
  /** False when the coordinator could not be asked: then this process has counted by itself. */
  readonly shared: boolean;
  /** Undoes the use, as if it had not been. */
  readonly giveBack: () => Promise<void>;
}

/**
 * Counts uses in windows that slide. What is used counts for its window, less a sixtieth of it at most. Without a
 * coordinator each process counts its own uses alone, those from before included.
 */
export interface RateLimits {
  /** Uses all of the limits, or, when one of them is full, none. */
  take(limits: readonly RateLimit[]): Promise<RateAnswer>;
}
