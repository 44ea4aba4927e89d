import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStores } from '../../ports/read-stores.ts';
import type { AnyProjection } from '../projection.ts';

/** The log, as far as filling a read model needs it. */
export type LogReader = Pick<EventStore, 'readAll' | 'head' | 'close'>;

/** What filling a read model takes, in a thread that shares nothing with the one that serves. */
export interface RebuildParts {
  readonly projections: readonly AnyProjection[];
  readonly log: LogReader;
  readonly stores: ReadStores;
  /** Lets go of the stores' connections. */
  close?(): Promise<void>;
}

/** Names the module that makes the parts inside a worker thread: adapters are picked there as in the main thread. */
export interface RebuildSource {
  /** URL of a module that exports `openRebuildParts`. */
  readonly module: string;
  /** Handed to `openRebuildParts`, by structured clone. */
  readonly settings: unknown;
}

export type OpenRebuildParts = (settings: never) => Promise<RebuildParts>;

/** One version of one model to be filled, or to be brought up to date. */
export interface BuildTask {
  readonly projection: string;
  readonly version: number;
  readonly from: 'nothing' | 'checkpoint';
  readonly onPoison: 'park' | 'stop';
}

/** How a task ended. */
export type BuildOutcome =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed';
      readonly message: string;
      /** Of the event that could not be taken in. */
      readonly position: number | null;
    };

/** What a thread says of the task with this place in its list. */
export type BuildMessage = { readonly index: number } & (
  BuildOutcome | { readonly kind: 'progress'; readonly position: number; readonly events: number }
);
