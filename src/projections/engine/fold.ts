import type { RecordedEvent } from '../../ports/event-store.ts';
import type { AnyRow, RowChange } from '../../ports/read-model.ts';
import type { AnyProjection, Projection } from '../projection.ts';
import { storableRow } from '../folding/storable-row.ts';

/** An event that a projection, or the store behind it, cannot take in. */
export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';
  readonly event: RecordedEvent;

  constructor(event: RecordedEvent, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.event = event;
  }
}

/** Where rows come from that the events did not make themselves. */
export interface Rows {
  /** A row that is in memory. */
  recent(id: string): AnyRow | undefined;
  load(ids: readonly string[]): Promise<ReadonlyMap<string, AnyRow>>;
}

interface Working {
  before: AnyRow | undefined;
  after: AnyRow | undefined;
}

/**
 * What events, in log order, make of rows: one change for each row that is another one afterwards.
 * @throws PoisonEvent for the first event that cannot be understood; whatever `rows.load` throws
 */
export async function fold(
  projection: AnyProjection,
  events: readonly RecordedEvent[],
  rows: Rows,
): Promise<readonly RowChange<AnyRow>[]> {
  const working = new Map<string, Working>();
  const wanted: string[] = [];
  const { begins } = projection;
  const ids = events.map((event) => {
    const id = attempt(event, () => idOf(projection.rowId(event)));
    if (id !== undefined && !working.has(id)) {
      const isNew = begins === 'always' || begins?.(event) === true;
      const recent = isNew ? undefined : rows.recent(id);
      working.set(id, { before: recent, after: recent });
      if (recent === undefined && !isNew) wanted.push(id);
    }
    return id;
  });
  if (wanted.length > 0) {
    for (const [id, row] of await rows.load(wanted)) working.set(id, { before: row, after: row });
  }
  // A row of a model was made by this same function, so it is of the type that it takes.
  const evolve = projection.evolve as Projection<AnyRow>['evolve'];
  for (const [index, event] of events.entries()) {
    const id = ids[index];
    const row = id === undefined ? undefined : working.get(id);
    if (row === undefined) continue;
    const next = attempt(event, () => evolve(row.after, event));
    if (next === row.after) continue;
    row.after = next && attempt(event, () => storableRow(projection.model, next));
    if (row.after !== undefined && row.after.id !== id) {
      throw new PoisonEvent(event, new Error(`row ${row.after.id} is not row ${id}`));
    }
  }
  return changesOf(working);
}

/** An id as stores keep it. */
function idOf(id: string | undefined): string | undefined {
  if (id === '') throw new Error('a row needs an id');
  return id?.toWellFormed();
}

function changesOf(working: ReadonlyMap<string, Working>): readonly RowChange<AnyRow>[] {
  const changes: RowChange<AnyRow>[] = [];
  for (const [id, { before, after }] of working) if (before !== after) changes.push({ id, before, after });
  return changes;
}

function attempt<Result>(event: RecordedEvent, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new PoisonEvent(event, error);
  }
}
