import type { DecodeEventData, EventStore } from '../../ports/event-store.ts';
import { explainFailure } from '../sqlite/failure.ts';
import { LogFile } from './sqlite/log-file.ts';
import type { OpenLog } from './sqlite/log-file.ts';
import { readSlice, readStreamPieces, searchPositionAt } from './sqlite/log-reads.ts';
import { requireLimit } from './read-options.ts';

/** The part of an event store that needs no writer. */
export type EventReader = Pick<EventStore, 'readAll' | 'readStream' | 'head' | 'positionAt' | 'close'>;

/**
 * Reads the event log of a running or stopped server from another thread or process, without holding its writer up.
 * Each call sees all that was committed before it, and holds its thread until it has an answer.
 * @throws StoreUnavailable there is no event log, or it cannot be read
 */
export function openSqliteEventReader(options: {
  readonly path: string;
  readonly decode: DecodeEventData;
}): EventReader {
  const { path, decode } = options;
  const file = new LogFile(path, 'read');
  file.use();

  const reading = async <Result>(read: (log: OpenLog) => Result | Promise<Result>): Promise<Result> => {
    try {
      return await read(file.use());
    } catch (error) {
      throw explainFailure('the event log cannot be read', error);
    }
  };

  return {
    readAll: ({ after, limit, filter }) =>
      reading(({ queries }) => {
        requireLimit(limit);
        return readSlice(queries, decode, { after, limit, filter, head: queries.head() });
      }),
    readStream: (stream, options = {}) =>
      reading(({ queries }) => readStreamPieces(() => file.use().queries, decode, stream, options, queries.head())),
    head: () => reading(({ queries }) => queries.head()),
    positionAt: (timeMs) => reading(({ queries }) => searchPositionAt(queries, timeMs, queries.head())),
    close: async () => file.close(),
  };
}
