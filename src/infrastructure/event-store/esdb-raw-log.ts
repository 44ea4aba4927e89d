import type { RawLog, StoredRecord } from '../../ports/audit-record.ts';
import type { DecodeEventData } from '../../ports/event-store.ts';
import { connect } from './esdb/connection.ts';
import { lastOwnEvent, readOwnSlice } from './esdb/reads.ts';
import type { OwnEvent } from './esdb/stored-event.ts';
import { defaultTiming } from './esdb/timing.ts';

const asStored: DecodeEventData = (_type, _schemaVersion, data) => data;

/**
 * The log in EventStoreDB. The client hands out JSON already read: the bytes are what this platform writes for it, which are
 * those that it wrote. The id of the append is the adapter's own and left out.
 * @throws EngineUnfit the URL cannot be read
 */
export function openEsdbRawLog(url: string): RawLog {
  const connection = connect(url, defaultTiming);
  let knownHead = 0;
  return {
    async read({ after = 0, limit }) {
      connection.requireOpen();
      const { events, position, end } = await readOwnSlice(connection, asStored, { after, limit });
      return { records: events.map(recordOf), position, end };
    },
    async head() {
      connection.requireOpen();
      const last = await lastOwnEvent(connection, asStored, () => true, knownHead);
      return (knownHead = Math.max(knownHead, last?.event.position ?? 0));
    },
    async close() {
      connection.refuse();
      await connection.end();
    },
  };
}

function recordOf({ event, createdMs }: OwnEvent): StoredRecord {
  const { position, stream, revision, type, metadata, data } = event;
  return {
    position,
    stream: Buffer.from(stream),
    revision,
    type: Buffer.from(type),
    recordedAt: createdMs,
    metadata: Buffer.from(JSON.stringify(metadata)),
    data: Buffer.from(JSON.stringify(data)),
  };
}
