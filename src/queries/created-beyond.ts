import type { EventStore, Position } from '../ports/event-store.ts';

/**
 * Ids of what was made after one position of the log and up to another, as far as `isMeant` knows it by its first event:
 * what a read model at the one does not show yet.
 * @param category of its stream
 */
export async function createdBeyond<Data>(
  store: EventStore,
  { category, type, after, through }: { category: string; type: string; after: Position; through: Position },
  isMeant: (data: Data) => boolean,
): Promise<readonly string[]> {
  const created: string[] = [];
  for (let position = after; position < through;) {
    const slice = await store.readAll({ after: position, limit: 1000, filter: { types: [type] } });
    for (const { stream, data } of slice.events) {
      // The first event of such a stream is of this very type, so this is its data.
      if (isMeant(data as Data)) created.push(stream.slice(category.length + 1));
    }
    if (slice.position <= position) break;
    position = slice.position;
  }
  return created;
}
