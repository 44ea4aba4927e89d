import { LRUCache } from 'lru-cache';
import type { Position, Revision } from '../ports/event-store.ts';

/** A folded stream. */
export interface Loaded<State> {
  readonly state: State;
  /** Of the last event folded; NO_STREAM when there is none. */
  readonly revision: Revision;
  /** Of the last event folded; 0 when there is none. */
  readonly position: Position;
  /** Each command that the stream has taken, and the revision of its last event. */
  readonly commands: ReadonlyMap<string, Revision>;
}

/** Folded streams, so that a load reads only what came since. Never trusted alone: a load always asks the store. */
export interface AggregateCache {
  get<State>(stream: string): Loaded<State> | undefined;
  set<State>(stream: string, loaded: Loaded<State>): void;
  delete(stream: string): void;
}

/** @param capacity streams kept at most */
export function createAggregateCache(capacity = 2000): AggregateCache {
  const entries = new LRUCache<string, Loaded<unknown>>({ max: capacity });
  return {
    // A stream's category names its decider, so what was set under a stream is what its decider folds.
    get: <State>(stream: string) => entries.get(stream) as Loaded<State> | undefined,
    set: (stream, loaded) => void entries.set(stream, loaded),
    delete: (stream) => void entries.delete(stream),
  };
}
