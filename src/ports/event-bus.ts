import type { AllSlice, EventFilter, Position } from './event-store.ts';

/**
 * Carries events from the log to those who follow it. What it hands out is the log itself, in log order and without a
 * gap, however it is carried: a bus that lost events, doubled them or mixed them up reads the log for what is missing.
 */
export interface EventBus {
  /**
   * Everything after a position, then everything to come, until the signal aborts: each event once, in log order. Pulled
   * by its reader. A slice is never empty unless `position` moved. Throws StoreUnavailable when neither the bus nor the
   * log can be read.
   */
  subscribe(options: {
    readonly after: Position;
    readonly filter?: EventFilter;
    readonly batchSize?: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<AllSlice>;
  close(): Promise<void>;
}

/**
 * The processes that keep read models up, each model in one of them at a time. Two that believe to own the same model
 * do no harm: the checkpoint of the model lets only one of them write.
 */
export interface ProjectorGroup {
  /** Names of the models that this process keeps up now. */
  owned(): ReadonlySet<string>;
  /** Told when `owned` has changed. */
  onChange(listener: () => void): void;
  /** Leaves the group, so that the others take over at once. */
  close(): Promise<void>;
}
