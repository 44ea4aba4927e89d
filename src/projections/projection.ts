import type { RecordedEvent } from '../ports/event-store.ts';
import type { AnyRow, ReadModel } from '../ports/read-model.ts';

/**
 * How events become rows: a fold for each row. It is pure, so that a row is the same however its events are batched,
 * repeated after a crash, or read again years later.
 */
export interface Projection<Row extends AnyRow> {
  /** Name of the read model; names its checkpoint, its table and its routes. */
  readonly name: string;
  /** Raised when `model` or `evolve` changes: a stored model of another version is rebuilt from the log at start. */
  readonly schemaVersion: number;
  readonly model: ReadModel;
  /** The event types it reads; absent: all. */
  readonly types?: readonly string[];
  /** The row that an event changes; undefined when none. */
  readonly rowId: (event: RecordedEvent) => string | undefined;
  /**
   * True when no row can stand under its id before this event, so that none is looked for. `always`: each event makes a
   * row of its own, so that none is kept in memory either. Absent: never known.
   */
  readonly begins?: 'always' | ((event: RecordedEvent) => boolean);
  /**
   * The row after the event; undefined deletes it, the same object leaves it alone. Throws when the event cannot be
   * understood. Rows are plain JSON values.
   */
  readonly evolve: (row: Row | undefined, event: RecordedEvent) => Row | undefined;
}

/** A projection with whichever rows: what the engine takes. */
export type AnyProjection = Omit<Projection<AnyRow>, 'evolve'> & {
  readonly evolve: (row: never, event: RecordedEvent) => AnyRow | undefined;
};
