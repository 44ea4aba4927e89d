import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AllSlice, DecodeEventData, EventStore, Revision, StreamAppend } from '../../../ports/event-store.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { CommittedLog } from './committed-log.ts';
import { matcherOf } from '../event-matcher.ts';
import { explainFailure } from '../../sqlite/failure.ts';
import { GroupCommit } from './group-commit.ts';
import type { EventStoreLogger } from './group-commit.ts';
import { LogFile } from './log-file.ts';
import { readSlice, readStreamPieces, searchPositionAt } from './log-reads.ts';
import { requireLimit } from '../read-options.ts';
import { prepareAppend } from '../prepared-append.ts';
import { follow } from './subscription.ts';
import type { SliceReader } from './subscription.ts';
import type { Transactions } from './transactions.ts';

export interface SqliteEventStoreOptions {
  /** The log's file, created when it is missing; its directory must exist. */
  readonly path: string;
  readonly decode: DecodeEventData;
  readonly logger?: EventStoreLogger;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

const CANNOT_READ = 'the event store cannot read';

/** The store with a choice of transactions; all but tests go through `openSqliteEventStore`. */
export function createSqliteEventStore(options: SqliteEventStoreOptions, transactions: Transactions): EventStore {
  const { decode, logger, clock = Date.now } = options;
  const file = new LogFile(options.path, 'write');
  const committed = new CommittedLog(file.use());
  const writer = new GroupCommit({ file, committed, decode, clock, logger, transactions });
  let closed = false;

  const requireOpen = (): void => {
    if (closed) throw new StoreUnavailable('the event store is closed');
  };

  const read: SliceReader = (after, limit, filter, matches) => {
    requireOpen();
    requireLimit(limit);
    const recent = committed.recent.slice(after, limit, matches);
    if (recent !== undefined) return { ...recent, fromDisk: false };
    const slice = reading(() => readSlice(file.use().queries, decode, { after, limit, filter, head: committed.head }));
    return { ...slice, fromDisk: true };
  };

  /** Asked of the disk once, and known from then on: this is the only writer. */
  const headOf = (stream: string): Revision => {
    const known = committed.streamHeads.get(stream);
    if (known !== undefined) return known;
    const head = reading(() => file.use().queries.streamHead(stream));
    committed.streamHeads.set(stream, head);
    return head;
  };

  const write = async (appends: readonly StreamAppend[]) =>
    writer.append(appends.map((append) => prepareAppend(append, decode)));

  return {
    atomicAppendMany: true,

    append: (stream, expectedRevision, events) => write([{ stream, expectedRevision, events }]),

    appendMany: async (appends) => {
      const streams = new Set(appends.map(({ stream }) => stream));
      if (streams.size === 0 || streams.size < appends.length) {
        throw new TypeError('appends must name one stream or more, and each only once');
      }
      return write(appends);
    },

    readStream: async (stream, options = {}) => {
      requireOpen();
      const { from, limit = Number.MAX_SAFE_INTEGER, direction = 'forward' } = options;
      requireLimit(limit);
      const recent =
        direction === 'forward'
          ? committed.recent.forward(stream, from ?? 0, limit)
          : committed.recent.backward(stream, from, limit);
      if (recent !== undefined) return recent;
      // Whoever folds a stream asks again and again what came since: mostly nothing, and the head tells.
      const queries = () => file.use().queries;
      if (direction === 'forward' && (from ?? 0) > headOf(stream)) return [];
      return readStreamPieces(queries, decode, stream, options, committed.head).catch(throwExplained);
    },

    readAll: async ({ after, limit, filter }): Promise<AllSlice> => {
      const { fromDisk, ...slice } = read(after, limit, filter, matcherOf(filter));
      // A reader that asks for slice after slice must leave the thread to others in between.
      if (fromDisk) await nextTurn();
      return slice;
    },

    subscribe: (options) => follow(read, committed.wakeUps, options),

    head: async () => {
      requireOpen();
      return committed.head;
    },

    positionAt: async (timeMs) => {
      requireOpen();
      return reading(() => searchPositionAt(file.use().queries, timeMs, committed.head));
    },

    close: async () => {
      if (closed) return;
      writer.close();
      closed = true;
      committed.wakeUps.close(new StoreUnavailable('the event store is closed'));
      file.close();
    },
  };
}

function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    return throwExplained(error);
  }
}

function throwExplained(error: unknown): never {
  throw explainFailure(CANNOT_READ, error);
}
