import type { EventStore, EventToAppend, Position, RecordedEvent, StreamAppend } from '../../ports/event-store.ts';
import { firstEventAfter } from '../../ports/first-event.ts';
import { digestOf, lineOf, type LogDigest } from './log-digest.ts';

/** The log that is copied: nobody writes to it meanwhile, and its positions count its events from 1. */
export type SourceLog = Pick<EventStore, 'readAll' | 'head'>;
export type TargetLog = Pick<EventStore, 'append' | 'readAll' | 'readStream'>;

export interface CopyProgress {
  readonly phase: 'copying' | 'verifying';
  readonly done: number;
  readonly total: number;
}

export interface CopyResult extends LogDigest {
  /** Events that an earlier attempt had copied. */
  readonly resumedAt: number;
}

const SLICE = 500;
/** Events of one stream that are appended together at most. */
const MOST_TOGETHER = 100;

/** The target cannot become a copy of the source. */
export class CopyRefused extends Error {
  override readonly name = 'CopyRefused';
}

/**
 * Copies every event with its id, revision and metadata, in log order, and compares both logs when it is done. Begun
 * again after an interruption, it goes on where it stopped: what was copied is the beginning of the source.
 * @throws CopyRefused the target holds other events, or differs in the end; StoreUnavailable it may be begun again
 */
export async function copyLog(
  source: SourceLog,
  target: TargetLog,
  onProgress: (progress: CopyProgress) => void = () => undefined,
): Promise<CopyResult> {
  const total = await source.head();
  const resumedAt = await countCopied(source, target, total);
  if (resumedAt === 0 && (await firstEventAfter(target, 0)) !== undefined) {
    throw new CopyRefused('the target holds events that are not of this log');
  }
  for (let after = resumedAt; after < total;) {
    const { events, position } = await source.readAll({ after, limit: SLICE });
    for (const { stream, expectedRevision, events: together } of appendsOf(events)) {
      await target.append(stream, expectedRevision, together);
    }
    after = position;
    onProgress({ phase: 'copying', done: after, total });
  }
  return { ...(await compare(source, target, total, onProgress)), resumedAt };
}

/** Events that follow each other in the log and in one stream are appended together. */
function appendsOf(events: readonly RecordedEvent[]): readonly StreamAppend[] {
  const appends: { stream: string; expectedRevision: number; events: EventToAppend[] }[] = [];
  for (const { stream, revision, type, data, metadata } of events) {
    const last = appends.at(-1);
    const event = { type, data, metadata };
    if (last?.stream === stream && last.events.length < MOST_TOGETHER) last.events.push(event);
    else appends.push({ stream, expectedRevision: revision - 1, events: [event] });
  }
  return appends;
}

/** How many events of the source, counted from its beginning, the target has: found by halving. */
async function countCopied(source: SourceLog, target: TargetLog, total: number): Promise<Position> {
  let [low, high] = [0, total];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [event] = (await source.readAll({ after: middle - 1, limit: 1 })).events;
    if (event !== undefined && (await holds(target, event))) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function holds(target: TargetLog, { stream, revision, metadata }: RecordedEvent): Promise<boolean> {
  const [there] = await target.readStream(stream, { from: revision, limit: 1 });
  if (there === undefined) return false;
  if (there.metadata.eventId === metadata.eventId) return true;
  throw new CopyRefused(`the target holds another event as number ${revision} of ${stream}`);
}

async function compare(
  source: SourceLog,
  target: TargetLog,
  total: number,
  onProgress: (progress: CopyProgress) => void,
): Promise<LogDigest> {
  const progress = (done: number): void => onProgress({ phase: 'verifying', done, total });
  const [ours, theirs] = await Promise.all([digestOf(source), digestOf(target, progress)]);
  if (ours.sha256 === theirs.sha256 && ours.events === theirs.events) return ours;
  throw new CopyRefused(await firstDifference(source, target));
}

async function firstDifference(source: SourceLog, target: TargetLog): Promise<string> {
  const [ours, theirs] = [eventsOf(source), eventsOf(target)];
  for (let number = 1; ; number++) {
    const [mine, other] = [await ours.next(), await theirs.next()];
    if (mine.done === true && other.done === true) return 'the logs differed while they were compared';
    if (mine.done === true) return `the target has more than the ${number - 1} events of the source`;
    if (other.done === true) return `the target lacks event ${number} and what follows`;
    if (lineOf(mine.value) !== lineOf(other.value)) {
      return `event ${number}, number ${mine.value.revision} of ${mine.value.stream}, is another in the target`;
    }
  }
}

async function* eventsOf(log: Pick<EventStore, 'readAll'>): AsyncGenerator<RecordedEvent, void> {
  for (let after = 0; ;) {
    const slice = await log.readAll({ after, limit: SLICE });
    yield* slice.events;
    if (slice.end) return;
    after = slice.position;
  }
}
