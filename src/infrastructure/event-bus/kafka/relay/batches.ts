import type { Message } from 'kafkajs';
import type { Position, RecordedEvent } from '../../../../ports/event-store.ts';
import { messageOf } from '../message.ts';
import { MOST_BATCH_BYTES } from '../topics.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Room for what Kafka writes around messages. */
const ENOUGH_BYTES = MOST_BATCH_BYTES * 0.8;
const BYTES_AROUND = 200;

/** What is published together: events that follow each other, and how far the log is published with them. */
export interface Batch {
  readonly messages: readonly Message[];
  readonly checkpoint: Checkpoint;
}

/**
 * Cuts events into batches that Kafka takes, even if all of them are of one partition.
 * @param after where the event before them stands
 * @param log identity of their log
 */
export function* batchesOf(events: readonly RecordedEvent[], after: Position, log: string): Generator<Batch> {
  let messages: Message[] = [];
  let checkpoint: Checkpoint = { position: after };
  let bytes = 0;
  for (const event of events) {
    const message = messageOf(event, { previous: checkpoint.position, log });
    const size = bytesOf(message);
    if (messages.length > 0 && bytes + size > ENOUGH_BYTES) {
      yield { messages, checkpoint };
      messages = [];
      bytes = 0;
    }
    messages.push(message);
    bytes += size;
    checkpoint = {
      position: event.position,
      last: { previous: checkpoint.position, eventId: event.metadata.eventId },
    };
  }
  if (messages.length > 0) yield { messages, checkpoint };
}

function bytesOf({ key, value }: Message): number {
  return (key?.length ?? 0) * 3 + (value?.length ?? 0) + BYTES_AROUND;
}
