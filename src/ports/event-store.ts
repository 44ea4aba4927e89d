import type { EventMetadata } from '../domain/event.ts';

/**
 * An event's place in the log: ordered and never reused. Readers treat it as opaque; 0 stands before the first event.
 * A reader that has seen position P never later meets a new event at or below P.
 */
export type Position = number;

/** The place of an event in its stream, from 0. */
export type Revision = number;

/** Expected revision of a stream that must not exist yet. */
export const NO_STREAM = -1;

export interface EventToAppend {
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** An event as it stands in the log, its data already upcast to the newest schema version. */
export interface RecordedEvent<Type extends string = string, Data = unknown> {
  readonly position: Position;
  readonly stream: string;
  readonly revision: Revision;
  readonly type: Type;
  /** Looking at data that cannot be decoded throws an Error that names the event: it holds up nobody else. */
  readonly data: Data;
  readonly metadata: EventMetadata;
}

export interface StreamAppend {
  readonly stream: string;
  /** The revision of the stream's last event, or NO_STREAM. There is no "any". */
  readonly expectedRevision: Revision;
  readonly events: readonly EventToAppend[];
}

export interface AppendResult {
  /** Position of the last event appended. */
  readonly position: Position;
  /** Revision of the last event appended to the (last) stream. */
  readonly revision: Revision;
  /** The events as they stand in the log, in order. */
  readonly events: readonly RecordedEvent[];
  /** The same append had been recorded before: these are its events, and nothing was added now. */
  readonly repeated: boolean;
}

/** Events whose category and whose type are both named; an absent list admits all. */
export interface EventFilter {
  readonly categories?: readonly string[];
  readonly types?: readonly string[];
}

export interface AllSlice {
  readonly events: readonly RecordedEvent[];
  /** All events up to here were considered: read on from here. */
  readonly position: Position;
  /** No event stood beyond `position` when this was read. */
  readonly end: boolean;
}

export interface EventStore {
  /** Positions order events and do not count them: the next one may be any number higher. Absent: each is one more. */
  readonly sparse?: boolean;

  /**
   * `appendMany` over several streams is one transaction. Without it, `appendMany` takes one stream only, and who writes
   * several appends to them one after the other (`transact`).
   */
  readonly atomicAppendMany: boolean;

  /**
   * Appends in one transaction and answers when the events are durable. Appending again the same event ids at the same
   * expected revision answers what was recorded the first time, as `repeated`.
   * @throws WrongExpectedRevision another revision is there, with other events
   * @throws StoreUnavailable nothing was recorded; the same append may be tried again
   * @throws OutcomeUnknown it may have been recorded; the same append may be tried again
   */
  append(stream: string, expectedRevision: Revision, events: readonly EventToAppend[]): Promise<AppendResult>;

  /** The same over several streams: all of them or none. @throws TypeError several, where `atomicAppendMany` is not */
  appendMany(appends: readonly StreamAppend[]): Promise<AppendResult>;

  /** Events of one stream from a revision (inclusive) in the direction asked for; none when the stream is unknown. */
  readStream(
    stream: string,
    options?: { readonly from?: Revision; readonly limit?: number; readonly direction?: 'forward' | 'backward' },
  ): Promise<readonly RecordedEvent[]>;

  /**
   * Events after a position in log order. A filtered slice may be empty and still have moved on. The position is one that
   * the log gave, or the number before one. @throws UnknownPosition
   */
  readAll(options: {
    readonly after: Position;
    readonly limit: number;
    readonly filter?: EventFilter;
  }): Promise<AllSlice>;

  /**
   * Everything after a position, then everything to come, until the signal aborts. Pulled by its reader: a slow reader
   * holds back nothing and costs no memory. Each event once, in order. A slice is never empty unless `position` moved.
   */
  subscribe(options: {
    readonly after: Position;
    readonly filter?: EventFilter;
    readonly batchSize?: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<AllSlice>;

  /** Position of the last event, 0 when the log is empty. */
  head(): Promise<Position>;

  /** Position of the last event recorded at or before this time (milliseconds since the epoch), 0 when there is none. */
  positionAt(timeMs: number): Promise<Position>;

  close(): Promise<void>;
}

/** The stream is not where the writer believed it to be. */
export class WrongExpectedRevision extends Error {
  override readonly name = 'WrongExpectedRevision';
  readonly stream: string;
  readonly expected: Revision;
  readonly actual: Revision;

  constructor(stream: string, expected: Revision, actual: Revision) {
    super(`stream ${stream} is at revision ${actual}, not ${expected}`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A position that this log never gave out. Logs whose positions count their events take every number up to the head. */
export class UnknownPosition extends RangeError {
  override readonly name = 'UnknownPosition';
}

/** Turns stored data into the newest schema version of its type. Unknown types pass unchanged. */
export type DecodeEventData = (type: string, schemaVersion: number, data: unknown) => unknown;

/** `mcp` of `mcp-0192…`. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}
