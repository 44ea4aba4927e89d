import type { EventStore, Position } from '../../../ports/event-store.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { KafkaAccess } from './access.ts';
import { createKafkaClient } from './client.ts';
import { kafkaNames } from './names.ts';
import { pause } from './pause.ts';
import { CheckpointReader } from './relay/checkpoint.ts';
import { holdRelay } from './relay/hold.ts';
import { Fenced } from './relay/publisher.ts';
import { unlessLate } from './unless-late.ts';
import { joinShares } from './shares.ts';
import { ensureTopics, TopicMismatch } from './topics.ts';
import type { TopicSettings } from './topics.ts';

const FIRST_WAIT_MS = 100;

/** Kafka may be away when the relay is closed. */
const GOODBYE_MS = 5_000;

/** After so many failures another process may try, and this one again after it. */
const MOST_FAILURES = 4;
const RELAY = 'relay';

export interface RelayOptions {
  readonly kafka: KafkaAccess;
  readonly prefix: string;
  readonly topics: TopicSettings;
  /**
   * The log, opened with a codec that leaves data as it was stored: each reader brings it to the schema version that it
   * knows. It stays open.
   */
  readonly log: Pick<EventStore, 'readAll' | 'subscribe' | 'head'>;
  readonly logger: Logger;
  /** How long the holder may be silent before another takes over, in milliseconds. */
  readonly sessionMs?: number;
}

export interface RelayStatus {
  /** This process is the one that publishes. */
  readonly isHolder: boolean;
  /** How far the log is published, as far as this process knows; undefined when it has not published yet. */
  readonly position: Position | undefined;
  /** Events that this process has published. */
  readonly published: number;
}

export interface Relay {
  status(): RelayStatus;
  /** Lets another process take over at once. */
  close(): Promise<void>;
}

/**
 * Takes part in publishing the log to Kafka: of all processes that do, one publishes and the others stand by. Without
 * Kafka it waits for it.
 * @throws TopicMismatch the topic is there with another number of partitions
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { log, logger, sessionMs } = options;
  const kafka = createKafkaClient(options.kafka, logger);
  const names = kafkaNames(options.prefix);
  const checkpoints = new CheckpointReader();
  let term: AbortController | undefined;
  let held: Promise<void> = Promise.resolve();
  let position: Position | undefined;
  let published = 0;

  const prepare = async (): Promise<void> => {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await ensureTopics(admin, names, options.topics);
    } finally {
      await admin.disconnect();
    }
  };
  const onPublished = (to: Position, events: number): void => {
    position = to;
    published += events;
  };

  /** Publishes for as long as the term lasts. */
  const hold = async (signal: AbortSignal): Promise<void> => {
    const isOver = (): boolean => signal.aborted;
    for (let failures = 0; !isOver();) {
      const before = published;
      try {
        await prepare();
        await holdRelay({ kafka, names, log, checkpoints, logger, onPublished }, signal);
      } catch (error) {
        if (isOver()) return;
        failures = published > before ? 1 : failures + 1;
        logger.warn({ error, failures }, 'events cannot be published to Kafka; it is tried again');
        if (error instanceof Fenced || failures === MOST_FAILURES) {
          shares.renew();
          return;
        }
        await pause(FIRST_WAIT_MS * 2 ** failures, signal);
      }
    }
  };
  const begin = (): void => {
    term = new AbortController();
    const { signal } = term;
    logger.info({}, 'this process publishes the events now');
    held = held.then(() => hold(signal));
  };
  const end = (): void => {
    checkpoints.forget();
    if (term === undefined) return;
    term.abort();
    term = undefined;
    logger.info({}, 'this process publishes no events any more');
  };

  await tryToPrepare(prepare, logger);
  const shares = joinShares({
    kafka,
    groupId: names.relay,
    prepare,
    topic: names.relay,
    able: [RELAY],
    partitionsOf: (owned) => (owned.includes(RELAY) ? { [names.relay]: [0] } : {}),
    onBatch: ({ batch }) => checkpoints.read(batch.messages),
    onShare: (share) => {
      const isOurs = share?.has(RELAY) === true;
      if (isOurs && term === undefined) begin();
      if (!isOurs) end();
    },
    logger,
    complaint: 'the group that elects the relay cannot be reached',
    ...(sessionMs === undefined ? {} : { sessionMs }),
  });

  return {
    status: () => ({ isHolder: term !== undefined, position, published }),
    async close() {
      end();
      await unlessLate(held, AbortSignal.abort(), GOODBYE_MS);
      await shares.close();
    },
  };
}

/** @throws TopicMismatch */
async function tryToPrepare(prepare: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await prepare();
  } catch (error) {
    if (error instanceof TopicMismatch) throw error;
    logger.warn({ error }, 'Kafka is not there yet: events wait in the log until they can be published');
  }
}
