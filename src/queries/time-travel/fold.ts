import type { AnyRow } from '../../ports/read-model.ts';
import { storableRow } from '../../projections/folding/storable-row.ts';
import type { Projection } from '../../projections/projection.ts';
import {
  NO_STREAM,
  type EventStore,
  type Position,
  type RecordedEvent,
  type Revision,
} from '../../ports/event-store.ts';

/** How a read model folds events, as far as reading its past goes. */
export type Fold<Row extends AnyRow> = Pick<Projection<Row>, 'model' | 'rowId' | 'evolve'>;

/** Up to and with which event a stream is folded. */
export type Until = { readonly position: Position } | { readonly revision: Revision };

export interface Folded<Row> {
  /** The rows of the read model that come from this stream, as they were then. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Of the last event that was folded; NO_STREAM when there was none. */
  readonly revision: Revision;
}

const eventsAtOnce = 64;

/** Folds the beginning of a stream by a read model's own fold, so that the past looks as it did then. */
export async function foldStream<Row extends AnyRow>(
  store: EventStore,
  fold: Fold<Row>,
  stream: string,
  until: Until,
): Promise<Folded<Row>> {
  const rows = new Map<string, Row>();
  let revision = NO_STREAM;
  for (;;) {
    const events = await store.readStream(stream, { from: revision + 1, limit: eventsAtOnce });
    for (const event of events) {
      if (isBeyond(event, until)) return { rows, revision };
      revision = event.revision;
      const id = fold.rowId(event);
      if (id === undefined) continue;
      const row = fold.evolve(rows.get(id), event);
      // What the projector does to a row changes no type in it.
      if (row) rows.set(id, storableRow(fold.model, row) as Row);
      else rows.delete(id);
    }
    if (events.length < eventsAtOnce) return { rows, revision };
  }
}

/** The one row that a stream makes, as it was then; undefined when it was not there. */
export async function foldRow<Row extends AnyRow>(
  store: EventStore,
  fold: Fold<Row>,
  stream: string,
  until: Until,
): Promise<Row | undefined> {
  const { rows } = await foldStream(store, fold, stream, until);
  return rows.values().next().value;
}

function isBeyond(event: RecordedEvent, until: Until): boolean {
  return 'position' in until ? event.position > until.position : event.revision > until.revision;
}
