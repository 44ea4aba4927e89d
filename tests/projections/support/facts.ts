import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { EventStore, EventToAppend, Position } from '../../../src/ports/event-store.ts';
import { NO_STREAM } from '../../../src/ports/event-store.ts';

/** Something that happened to an item. */
export interface Fact {
  readonly item: string;
  readonly type: string;
  readonly data: unknown;
}

export const added = (item: string, n: number): Fact => ({ item, type: 'ItemAdded', data: { n } });
export const named = (item: string, name: string): Fact => ({ item, type: 'ItemNamed', data: { name } });
export const removed = (item: string): Fact => ({ item, type: 'ItemRemoved', data: {} });
export const broken = (item: string): Fact => ({ item, type: 'ItemBroken', data: {} });
export const spoilt = (item: string): Fact => ({ item, type: 'ItemSpoilt', data: {} });
/** Of a type that only models without a list of types read. */
export const unrelated = (item: string): Fact => ({ item, type: 'ItemSeen', data: {} });

/** Appends facts one after the other, each to its item's stream. Answers the position of the last. */
export async function record(store: EventStore, facts: readonly Fact[]): Promise<Position> {
  for (let start = 0; start < facts.length;) {
    const { item } = facts[start] ?? { item: '' };
    let end = start;
    while (facts[end]?.item === item) end++;
    const stream = `item-${item}`;
    const [last] = await store.readStream(stream, { direction: 'backward', limit: 1 });
    await store.append(stream, last?.revision ?? NO_STREAM, facts.slice(start, end).map(eventOf));
    start = end;
  }
  return store.head();
}

function eventOf({ type, data }: Fact): EventToAppend {
  const id = randomUUID();
  return {
    type,
    data,
    metadata: {
      eventId: id,
      commandId: id,
      actor: 'user:1',
      tenant: 'default',
      correlationId: id,
      schemaVersion: '1',
      occurredAt: new Date().toISOString(),
    },
  };
}

const items = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const names = fc.oneof(
  fc.constantFrom('red', '版本', 'A\0B', '\ud800', '\udc00x', '"'),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

/** Histories that rows of every kind stumble over if they can. */
export const history: fc.Arbitrary<readonly Fact[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.tuple(items, fc.integer({ min: -5, max: 5 })).map(([item, n]) => added(item, n)) },
    { weight: 5, arbitrary: fc.tuple(items, names).map(([item, name]) => named(item, name)) },
    { weight: 2, arbitrary: items.map(removed) },
    { weight: 2, arbitrary: items.map(unrelated) },
    { weight: 1, arbitrary: items.map(broken) },
    { weight: 1, arbitrary: items.map(spoilt) },
  ),
  { maxLength: 60 },
);
