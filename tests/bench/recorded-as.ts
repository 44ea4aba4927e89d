import { v5 as uuidv5 } from 'uuid';
import type { EventMetadata } from '../../src/domain/event.ts';
import { schemaVersionOf } from '../../src/domain/registry.ts';
import type { EventToAppend } from '../../src/ports/event-store.ts';

/**
 * Makes the events of one command as the platform would have recorded them.
 * @param id of the command, and of what it is about
 */
export function recordedAs(id: string, actor: string, occurredAt: string) {
  return (index: number, type: string, data: unknown): EventToAppend => {
    const metadata: EventMetadata = {
      eventId: uuidv5(String(index), id),
      commandId: id,
      actor,
      tenant: 'default',
      correlationId: id,
      schemaVersion: String(schemaVersionOf(type)),
      occurredAt,
      remoteAddress: '127.0.0.1',
    };
    return { type, data, metadata };
  };
}
