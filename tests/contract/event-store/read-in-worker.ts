import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { idsOf, readOn } from './helpers.ts';

/** Reads the whole log and posts the ids of its events. */
const reader = openSqliteEventReader({ path: workerData.path, decode: (_type, _version, data) => data });
const { events } = await readOn(reader, 0);
await reader.close();
parentPort?.postMessage(idsOf(events));
