import type { EventStore } from '../../../ports/event-store.ts';
import { firstEventAfter } from '../../../ports/first-event.ts';

/** Tells one log from another: the id of its first event. Undefined while the log is empty. */
export async function identityOf(log: Pick<EventStore, 'readAll'>): Promise<string | undefined> {
  return (await firstEventAfter(log, 0))?.metadata.eventId;
}
