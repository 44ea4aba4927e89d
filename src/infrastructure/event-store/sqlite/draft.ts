import { WrongExpectedRevision } from '../../../ports/event-store.ts';
import type { AppendResult, DecodeEventData, Position, RecordedEvent, Revision } from '../../../ports/event-store.ts';
import type { LogQueries } from './log-queries.ts';
import { eventIdOf, eventOf } from './stored-event.ts';
import type { PreparedAppend } from '../prepared-append.ts';
import type { StreamHeads } from './stream-heads.ts';

/** What one transaction is about to add to the log. Nothing outside may show it before the commit. */
export interface Draft {
  readonly events: RecordedEvent[];
  /** Length of each event's JSON text. */
  readonly sizes: number[];
  /** Where the streams touched will stand. */
  readonly heads: Map<string, Revision>;
  readonly recordedAt: number;
}

/** What a draft is built on: the log as it was committed last. */
export interface DraftGround {
  readonly queries: LogQueries;
  readonly committedHeads: StreamHeads;
  readonly head: Position;
  readonly decode: DecodeEventData;
}

export function newDraft(recordedAt: number): Draft {
  return { events: [], sizes: [], heads: new Map(), recordedAt };
}

/**
 * Decides one append, of one stream or of several, and inserts its events when every revision is right. An append that
 * is refused leaves the draft and the transaction as they were. Must run inside the draft's transaction.
 */
export function draftAppend(
  draft: Draft,
  ground: DraftGround,
  appends: readonly PreparedAppend[],
): AppendResult | WrongExpectedRevision {
  const wrong = appends.filter((append) => headOf(draft, ground, append.stream) !== append.expectedRevision);
  const [first] = wrong;
  if (first === undefined)
    return resultOf(
      appends.flatMap((append) => insert(draft, ground, append)),
      false,
    );
  const recorded = recordedBefore(ground, appends);
  if (recorded !== undefined) return resultOf(recorded, true);
  return new WrongExpectedRevision(first.stream, first.expectedRevision, headOf(draft, ground, first.stream));
}

function headOf(draft: Draft, { committedHeads, queries }: DraftGround, stream: string): Revision {
  const known = draft.heads.get(stream) ?? committedHeads.get(stream);
  if (known !== undefined) return known;
  const head = queries.streamHead(stream);
  committedHeads.set(stream, head);
  return head;
}

function insert(draft: Draft, { queries, head }: DraftGround, append: PreparedAppend): RecordedEvent[] {
  const { stream } = append;
  let revision = append.expectedRevision;
  const inserted = append.events.map(({ type, data, metadata, dataText, metadataText }) => {
    const position = head + draft.events.length + 1;
    const event: RecordedEvent = { position, stream, revision: ++revision, type, data, metadata };
    queries.insert(position, stream, revision, type, draft.recordedAt, metadataText, dataText);
    draft.events.push(event);
    draft.sizes.push(dataText.length + metadataText.length);
    return event;
  });
  draft.heads.set(stream, revision);
  return inserted;
}

/**
 * The events standing where these appends would have put theirs, when they carry the same event ids: the append was
 * recorded before, and its writer never heard so. The rule is EventStoreDB's.
 */
function recordedBefore(ground: DraftGround, appends: readonly PreparedAppend[]): RecordedEvent[] | undefined {
  const recorded: RecordedEvent[] = [];
  for (const { stream, expectedRevision, events } of appends) {
    const rows = ground.queries.forward(stream, expectedRevision + 1, Number.MAX_SAFE_INTEGER, events.length);
    const same = events.every(({ metadata }, index) => {
      const row = rows[index];
      return row !== undefined && eventIdOf(row) === metadata.eventId;
    });
    if (!same) return undefined;
    for (const row of rows) recorded.push(eventOf(row, ground.decode));
  }
  return recorded;
}

function resultOf(events: readonly RecordedEvent[], repeated: boolean): AppendResult {
  const last = events.at(-1);
  if (last === undefined) throw new Error('an append of no events was decided');
  return { position: last.position, revision: last.revision, events, repeated };
}
