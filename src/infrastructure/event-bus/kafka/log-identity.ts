import type { EventStore } from '../../../ports/event-store.ts';

/** Tells one log from another: the id of its first event. Undefined while the log is empty. */
export async function identityOf(log: Pick<EventStore, 'readAll'>): Promise<string | undefined> {
  for (let after = 0; ;) {
    const { events, position, end } = await log.readAll({ after, limit: 1 });
    const [first] = events;
    if (first !== undefined || end) return first?.metadata.eventId;
    after = position;
  }
}
