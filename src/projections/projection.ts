import type { RecordedEvent } from '../ports/event-store.ts';
import type { ReadModel } from '../ports/read-model.ts';

/**
 * How events become rows: a fold for each row. It is pure, so that a row is the same however its events are batched,
 * repeated after a crash, or read again years later.
 */
export interface Projection<Row extends { readonly id: string }> {
  /** Name of the read model; names its checkpoint, its table and its routes. */
  readonly name: string;
  /** Raised when `model` or `evolve` changes: a stored model of another version is rebuilt from the log at start. */
  readonly schemaVersion: number;
  readonly model: ReadModel;
  /** The event types it reads; absent: all. */
  readonly types?: readonly string[];
  /** The row that an event changes; undefined when none. */
  readonly rowId: (event: RecordedEvent) => string | undefined;
  /** The row after the event; undefined deletes it. Throws when the event cannot be understood. */
  readonly evolve: (row: Row | undefined, event: RecordedEvent) => Row | undefined;
}
