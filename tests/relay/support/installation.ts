import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import type { KafkaAccess } from '../../../src/infrastructure/event-bus/kafka.ts';
import { kafkaNames } from '../../../src/infrastructure/event-bus/kafka/names.ts';
import type { KafkaNames } from '../../../src/infrastructure/event-bus/kafka/names.ts';
import { createStoredLog } from './stored-log.ts';
import { openSqliteEventReader } from '../../../src/infrastructure/event-store/sqlite-reader.ts';
import { openSqliteEventStore } from '../../../src/infrastructure/event-store/sqlite.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { decode } from '../../contract/event-store/suite.ts';
import { asStored } from './as-stored.ts';
import { quiet } from './logger.ts';

export const PARTITIONS = 3;

export interface Installation {
  readonly prefix: string;
  readonly names: KafkaNames;
  readonly kafka: KafkaAccess;
  readonly topics: { readonly partitions: number; readonly replicationFactor: number };
  readonly logPath: string;
  readonly store: EventStore;
  /** The same log, its data as stored. */
  readonly log: ReturnType<typeof createStoredLog>;
  readonly admin: Admin;
  /** Ends what was handed to `onDispose`, last first, then removes the topics and the log. */
  dispose(): Promise<void>;
  onDispose(end: () => Promise<unknown>): void;
}

/** A log of its own, and names of its own on a Kafka that others use too. */
export async function newInstallation(brokers: string): Promise<Installation> {
  const prefix = `t${randomUUID().slice(0, 8)}.`;
  const names = kafkaNames(prefix);
  const kafka = { brokers: brokers.split(','), clientId: 'annals-test' };
  const directory = await mkdtemp(join(tmpdir(), 'annals-relay-'));
  const logPath = join(directory, 'events.db');
  const store = openSqliteEventStore({ path: logPath, decode });
  const reader = openSqliteEventReader({ path: logPath, decode: asStored });
  const admin = new kafkajs.Kafka({ ...kafka, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const ends: (() => Promise<unknown>)[] = [];
  return {
    prefix,
    names,
    kafka,
    topics: { partitions: PARTITIONS, replicationFactor: 1 },
    logPath,
    store,
    log: createStoredLog(store, reader),
    admin,
    onDispose: (end) => void ends.push(end),
    async dispose() {
      for (const end of ends.reverse()) await end();
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
      if (topics.length > 0) await admin.deleteTopics({ topics });
      await admin.disconnect();
      await reader.close();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

export const logger = quiet;
