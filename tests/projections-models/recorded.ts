import fc, { type Arbitrary } from 'fast-check';
import type { Decider } from '../../src/domain/decider.ts';
import type { DomainEvent, EventMetadata } from '../../src/domain/event.ts';
import type { RecordedEvent } from '../../src/ports/event-store.ts';
import type { AnyRow } from '../../src/ports/read-model.ts';
import type { AnyProjection, Projection } from '../../src/projections/projection.ts';
import { forEachDecider } from '../domain/arbitrary-commands.ts';
import { accepted } from '../domain/given.ts';

export const id = '01920000-0000-7000-8000-00000000000a';

export interface Fact extends DomainEvent {
  readonly stream: string;
  readonly metadata?: Partial<EventMetadata>;
}

/** Facts as a log records them: positions and revisions follow their order, a second passes between two of them. */
export function recorded(facts: readonly Fact[]): RecordedEvent[] {
  const revisions = new Map<string, number>();
  return facts.map(({ stream, type, data, metadata }, index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const position = index + 1;
    return {
      position,
      stream,
      revision,
      type,
      data,
      metadata: {
        eventId: `event-${position}`,
        commandId: `command-${position}`,
        actor: 'user:ada',
        tenant: 'default',
        correlationId: `correlation-${position}`,
        schemaVersion: '1',
        occurredAt: at(position),
        ...metadata,
      },
    };
  });
}

/** When the event at a position happened. */
export function at(position: number): string {
  return new Date(Date.parse('2026-03-01T10:00:00.000Z') + position * 1000).toISOString();
}

/** Facts of one stream. */
export function on(stream: string, ...events: readonly DomainEvent[]): Fact[] {
  return events.map(({ type, data }) => ({ stream, type, data }));
}

/** All rows that a projection makes of events. */
export function rowsOf<Row extends AnyRow>(
  projection: Projection<Row>,
  events: readonly RecordedEvent[],
): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const rowId = projection.rowId(event);
    if (rowId === undefined) continue;
    const row = projection.evolve(rows.get(rowId), event);
    if (row) rows.set(rowId, row);
    else rows.delete(rowId);
  }
  return rows;
}

/** The only row. */
export function rowOf<Row extends AnyRow>(projection: Projection<Row>, facts: readonly Fact[]): Row {
  const [row, ...others] = rowsOf(projection, recorded(facts)).values();
  if (!row || others.length > 0) throw new Error(`expected one row, not ${others.length + (row ? 1 : 0)}`);
  return row;
}

/** A projection whose rows nobody looks into. */
export function anyRows(projection: AnyProjection): Projection<AnyRow> {
  return projection as Projection<AnyRow>;
}

/** A log of any accepted histories of all kinds of aggregates, their streams interleaved. */
export function anyLog(): Arbitrary<RecordedEvent[]> {
  const histories: Arbitrary<Fact[]>[] = [];
  forEachDecider(({ decider, command }) => {
    const ids = ['01920000-0000-7000-8000-000000000001', '01920000-0000-7000-8000-000000000002'];
    for (const one of ids) {
      const stream = `${decider.category}-${one}`;
      histories.push(fc.array(command, { maxLength: 12 }).map((commands) => on(stream, ...play(decider, commands))));
    }
  });
  return fc
    .tuple(fc.tuple(...histories), fc.infiniteStream(fc.nat()))
    .map(([streams, choices]) => recorded(interleave(streams, choices)));
}

function play<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  commands: readonly Command[],
): Event[] {
  const events: Event[] = [];
  let state = decider.initialState;
  for (const command of commands) {
    for (const event of accepted(decider, command, state) ?? []) {
      state = decider.evolve(state, event);
      events.push(event);
    }
  }
  return events;
}

function interleave(streams: readonly Fact[][], choices: Iterable<number>): Fact[] {
  const left = streams.map((facts) => [...facts]).filter((facts) => facts.length > 0);
  const log: Fact[] = [];
  for (const choice of choices) {
    if (left.length === 0) return log;
    const index = choice % left.length;
    const fact = left[index]?.shift();
    if (fact) log.push(fact);
    if (left[index]?.length === 0) left.splice(index, 1);
  }
  return log;
}
