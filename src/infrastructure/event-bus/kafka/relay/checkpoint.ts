import type { KafkaMessage, Message } from 'kafkajs';
import { UnknownPosition, type EventStore, type Position } from '../../../../ports/event-store.ts';
import { firstEventAfter } from '../../../../ports/first-event.ts';

/** How far the log is published. */
export interface Checkpoint {
  /** Of the last event published. */
  readonly position: Position;
  /** Of the event before that one, and the id of that one: they tell this log from another. Absent at a start. */
  readonly last?: { readonly previous: Position; readonly eventId: string };
}

const CHECKPOINT = 'checkpoint';
const CLAIM = 'claim';

export function checkpointMessage(checkpoint: Checkpoint): Message {
  return { key: CHECKPOINT, value: JSON.stringify(checkpoint) };
}

/** What a new holder writes after it has fenced the others: whatever stands before it is all that they wrote. */
export function claimMessage(id: string): Message {
  return { key: CLAIM, value: id };
}

/** Follows the relay's topic: the last checkpoint committed, and the claims. */
export class CheckpointReader {
  #last: Checkpoint | undefined;
  #waiting: { readonly claim: string; readonly done: (last: Checkpoint | undefined) => void } | undefined;

  /** The topic is not read any more, and will be read from its beginning. */
  forget(): void {
    this.#last = undefined;
  }

  /** Takes messages in the order of the topic; a stretch of it, or all of it, may come again. */
  read(messages: readonly KafkaMessage[]): void {
    for (const { key, value } of messages) {
      const text = value?.toString() ?? '';
      if (key?.toString() === CHECKPOINT) this.#last = checkpointOf(text);
      else if (key?.toString() === CLAIM && text === this.#waiting?.claim) this.#waiting.done(this.#last);
    }
  }

  /** The checkpoint as it stands when the claim is reached, undefined when there is none. */
  async until(claim: string, signal: AbortSignal): Promise<Checkpoint | undefined> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Checkpoint | undefined>();
    const stop = (): void => reject(signal.reason);
    this.#waiting = { claim, done: resolve };
    signal.addEventListener('abort', stop);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Whether the log is the one that the checkpoint speaks of. */
export async function isOfLog(checkpoint: Checkpoint, log: Pick<EventStore, 'readAll' | 'head'>): Promise<boolean> {
  const { position, last } = checkpoint;
  if (last === undefined) return position <= (await log.head());
  try {
    const event = await firstEventAfter(log, last.previous);
    return event?.position === position && event.metadata.eventId === last.eventId;
  } catch (error) {
    if (error instanceof UnknownPosition) return false;
    throw error;
  }
}

function checkpointOf(text: string): Checkpoint | undefined {
  const value = JSON.parse(text) as Partial<Checkpoint> | null;
  return typeof value?.position === 'number' ? { ...value, position: value.position } : undefined;
}
