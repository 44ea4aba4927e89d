import type { DomainEvent } from '../../domain/event.ts';
import type { Position, RecordedEvent, Revision } from '../../ports/event-store.ts';
import type { RelationalModel } from '../../ports/read-model.ts';
import type { Projection } from '../projection.ts';
import { idOf, recognise, type Recorded } from './recorded.ts';

/** What every row that follows one stream holds: how far it has followed it. A type, so that rows of cells can be one. */
export type StreamRow = {
  readonly id: string;
  readonly revision: Revision;
  readonly position: Position;
};

interface StreamProjection<Row extends StreamRow, Event extends DomainEvent> {
  readonly name: string;
  readonly schemaVersion: number;
  readonly model: RelationalModel;
  readonly types: readonly Event['type'][];
  /** The row that a stream begins with; undefined when this event begins none. */
  readonly begin: (id: string, event: Recorded<Event>) => Row | undefined;
  /** What an event changes in the row, apart from its revision and position; undefined takes the row away. */
  readonly change: (row: Row, event: Recorded<Event>) => Partial<Row> | undefined;
}

/**
 * A projection with one row for each stream, whose id is the stream's. An event that the row has already seen, or that
 * comes before the stream's beginning, changes nothing.
 */
export function streamProjection<Row extends StreamRow, Event extends DomainEvent>(
  spec: StreamProjection<Row, Event>,
): Projection<Row> & { readonly model: RelationalModel } {
  const isOurs = recognise<Event>(spec.types);
  return {
    name: spec.name,
    schemaVersion: spec.schemaVersion,
    model: spec.model,
    types: spec.types,
    rowId: (event: RecordedEvent) => (isOurs(event) ? idOf(event.stream) : undefined),
    begins: (event) => event.revision === 0,
    evolve(row, event) {
      if (!isOurs(event)) return row;
      if (!row) return spec.begin(idOf(event.stream), event);
      if (event.revision <= row.revision) return row;
      const changes = spec.change(row, event);
      return changes && { ...row, ...changes, revision: event.revision, position: event.position };
    },
  };
}
