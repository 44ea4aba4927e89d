import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { EventStore, Position } from '../../../../ports/event-store.ts';
import type { Logger } from '../../../../ports/logger.ts';
import { identityOf } from '../log-identity.ts';
import type { KafkaNames } from '../names.ts';
import { batchesOf } from './batches.ts';
import { checkpointMessage, claimMessage, isOfLog } from './checkpoint.ts';
import type { CheckpointReader } from './checkpoint.ts';
import { openPublisher } from './publisher.ts';
import type { Publisher } from './publisher.ts';
import { unlessLate } from '../unless-late.ts';

/** Events of one transaction. */
const BATCH = 500;

/** A claim that has not come back after so long is tried again. */
const CLAIM_MS = 15_000;

/** A write that is under way when the term ends is waited for so long; it is right whether or not it succeeds. */
const GOODBYE_MS = 2_000;

export interface Holding {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
  /** The log, its events' data as stored. */
  readonly log: Pick<EventStore, 'readAll' | 'subscribe' | 'head'>;
  readonly checkpoints: CheckpointReader;
  readonly logger: Logger;
  /** Told how far the log is published, after each batch. */
  readonly onPublished: (position: Position, events: number) => void;
}

/**
 * Publishes the log from the last checkpoint on until the signal aborts. Whoever published before is fenced first, so
 * that the checkpoint read afterwards is the last one.
 * @throws Fenced another one publishes, or what Kafka or the log fail with
 */
export async function holdRelay(holding: Holding, signal: AbortSignal): Promise<void> {
  const { kafka, names, log, onPublished } = holding;
  const publisher = await openPublisher(kafka, names);
  try {
    let after = await startingPosition(holding, publisher, signal);
    onPublished(after, 0);
    let identity: string | undefined;
    for await (const slice of log.subscribe({ after, batchSize: BATCH, signal })) {
      // A log has no identity before its first event.
      if (slice.events.length > 0) identity ??= await identityOf(log);
      for (const { messages, checkpoint } of batchesOf(slice.events, after, identity ?? '')) {
        if (signal.aborted) return;
        const publishing = publisher.publish({ events: messages, relay: [checkpointMessage(checkpoint)] });
        if (!(await unlessLate(publishing, signal, GOODBYE_MS))) return;
        after = checkpoint.position;
        onPublished(after, messages.length);
      }
    }
  } finally {
    await publisher.close();
  }
}

/** Where the last holder stopped. Without a checkpoint it is the log's head: readers have what is before from the log. */
async function startingPosition(holding: Holding, publisher: Publisher, signal: AbortSignal): Promise<Position> {
  const { log, checkpoints, logger } = holding;
  const claim = randomUUID();
  const claimed = checkpoints.until(claim, AbortSignal.any([signal, AbortSignal.timeout(CLAIM_MS)]));
  const [checkpoint] = await Promise.all([claimed, publisher.publish({ relay: [claimMessage(claim)] })]);
  if (checkpoint !== undefined && (await isOfLog(checkpoint, log))) return checkpoint.position;
  const position = await log.head();
  if (checkpoint === undefined) logger.info({ position }, 'nothing was published yet: events from now on are');
  else
    logger.warn({ checkpoint, position }, 'another event log was published before: events of this one are from now on');
  await publisher.publish({ relay: [checkpointMessage({ position })] });
  return position;
}
