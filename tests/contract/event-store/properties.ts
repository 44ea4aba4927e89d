import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_STREAM, WrongExpectedRevision } from '../../../src/ports/event-store.ts';
import type { EventStore, RecordedEvent } from '../../../src/ports/event-store.ts';
import { eventsToAppend, followUntil, idsOf, newCategory, onlyOf, readOn, turns } from './helpers.ts';
import type { ContractContext } from './suite.ts';

const STREAMS = 3;

/** One append of a random history: by whom, where, how many events, how long it hesitates, how stale its knowledge is. */
const step = fc.record({
  stream: fc.nat({ max: STREAMS - 1 }),
  count: fc.integer({ min: 1, max: 3 }),
  hesitates: fc.nat({ max: 3 }),
  remembers: fc.boolean(),
  repeats: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const writers = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 });

/** What holds for every history, however its appends interleave. */
export function propertyContract({ store }: ContractContext): void {
  describe('properties', () => {
    it('never loses or doubles an event under random interleavings', async () => {
      await fc.assert(
        fc.asyncProperty(writers, async (plans) => {
          const category = newCategory();
          const start = await store().head();
          const results = await Promise.all(plans.map((plan) => write(store(), category, plan)));
          const { events } = await readOn(store(), start, { limit: 5 });
          const recorded = onlyOf(category, events);

          expect(idsOf(recorded).sort()).toEqual(results.flatMap(({ recorded: ids }) => ids).sort());
          const ofStreams = await Promise.all(names(category).map((stream) => store().readStream(stream)));
          for (const [index, stream] of names(category).entries()) {
            const inAll = recorded.filter((event) => event.stream === stream);
            expect(ofStreams[index]).toEqual(inAll);
            expect(inAll.map(({ revision }) => revision)).toEqual(inAll.map((_, revision) => revision));
          }
        }),
        { numRuns: 60 },
      );
    });

    it('gives a subscription each event once and in order, wherever and whenever it begins', async () => {
      await fc.assert(
        fc.asyncProperty(
          writers,
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.nat({ max: 6 }),
          fc.integer({ min: 1, max: 9 }),
          async (plans, where, when, batchSize) => {
            const category = newCategory();
            const start = await store().head();
            await write(store(), category, plans[0] ?? []);
            const standing = onlyOf(category, (await readOn(store(), start)).events);
            const after = standing[Math.floor(where * standing.length)]?.position ?? start;

            const writing = Promise.all(plans.slice(1).map((plan) => write(store(), category, plan)));
            await turns(when);
            let last = Number.POSITIVE_INFINITY;
            const following = followUntil(store(), { after, batchSize }, (_events, position) => position >= last);
            await writing;
            // One more event wakes the follower and tells it where to end.
            last = (await store().append(`${category}-end`, NO_STREAM, eventsToAppend(1))).position;

            const expected = onlyOf(category, (await readOn(store(), after)).events);
            expect(onlyOf(category, (await following).events)).toEqual(expected);
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

function names(category: string): string[] {
  return Array.from({ length: STREAMS }, (_, index) => `${category}-${index}`);
}

/** Plays one writer: it believes what it read or wrote last, which may be stale, and gives up what is refused. */
async function write(
  store: EventStore,
  category: string,
  plan: readonly Step[],
): Promise<{ readonly recorded: string[] }> {
  const known = new Map<string, number>();
  const recorded: string[] = [];
  for (const { stream: index, count, hesitates, remembers, repeats } of plan) {
    const stream = `${category}-${index}`;
    if (!remembers || !known.has(stream)) known.set(stream, await headOf(store, stream));
    await turns(hesitates);
    const expected = known.get(stream) ?? NO_STREAM;
    const events = eventsToAppend(count);
    try {
      const result = await store.append(stream, expected, events);
      if (repeats) expect(await store.append(stream, expected, events)).toEqual({ ...result, repeated: true });
      recorded.push(...idsOf(events));
      known.set(stream, result.revision);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      known.delete(stream);
    }
  }
  return { recorded };
}

async function headOf(store: EventStore, stream: string): Promise<number> {
  const [last]: readonly RecordedEvent[] = await store.readStream(stream, { direction: 'backward', limit: 1 });
  return last?.revision ?? NO_STREAM;
}
