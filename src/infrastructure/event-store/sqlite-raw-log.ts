import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RawLog, StoredRecord } from '../../ports/audit-record.ts';
import { explainFailure } from '../sqlite/failure.ts';
import { LogFile } from './sqlite/log-file.ts';

type Row = readonly [number, Uint8Array, number, Uint8Array, number, Uint8Array, Uint8Array];

/** Text is read as bytes: what is no UTF-8 would be read as something else. */
const COLUMNS =
  'position, CAST(stream AS BLOB), revision, CAST(type AS BLOB), recorded_at, CAST(metadata AS BLOB), CAST(data AS BLOB)';

/** Bytes of metadata and data after which a slice ends. */
const ENOUGH_BYTES = 8 * 1024 * 1024;

/**
 * The bytes of the embedded log, from a connection of its own that only reads. Reading holds its thread for the time of
 * one slice.
 * @throws StoreUnavailable there is no log, or it cannot be read
 */
export function openSqliteRawLog(path: string): RawLog {
  const file = new LogFile(path, 'read');
  const { db } = file.use();
  const prepare = (condition: string) => {
    const statement = db.prepare(`SELECT ${COLUMNS} FROM events ${condition} ORDER BY position LIMIT ?`);
    statement.setReturnArrays(true);
    return statement;
  };
  const [first, next] = [prepare(''), prepare('WHERE position > ?')];

  return {
    async read({ after, limit }) {
      await nextTurn();
      try {
        const rows = after === undefined ? first.iterate(limit) : next.iterate(after, limit);
        const records: StoredRecord[] = [];
        let bytes = 0;
        for (const row of rows as Iterable<unknown>) {
          const [position, stream, revision, type, recordedAt, metadata, data] = row as Row;
          records.push({ position, stream, revision, type, recordedAt, metadata, data });
          bytes += metadata.length + data.length;
          if (bytes >= ENOUGH_BYTES) break;
        }
        const end = records.length < limit && bytes < ENOUGH_BYTES;
        return { records, position: records.at(-1)?.position ?? after ?? 0, end };
      } catch (error) {
        throw explainFailure('the event log cannot be read', error);
      }
    },
    head: async () => file.use().queries.head(),
    close: async () => file.close(),
  };
}
