import { describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { RecordedEvent } from '../../../src/ports/event-store.ts';
import { followingContract } from './following.ts';
import { eventsToAppend, newCategory, newStream, onlyOf } from './helpers.ts';
import type { ContractContext } from './suite.ts';

/** Following the log: what stands, then what comes. */
export function subscribeContract({ store }: ContractContext): void {
  describe('subscribe', () => {
    followingContract(store, store);

    it('lets writers go on while a follower works on its slice', async () => {
      const category = newCategory();
      const after = await store().head();
      const stream = newStream(category);
      await store().append(stream, NO_STREAM, eventsToAppend(1));
      const ending = new AbortController();
      const events: RecordedEvent[] = [];
      for await (const slice of store().subscribe({ after, signal: ending.signal })) {
        if (events.length === 0) {
          for (let revision = 0; revision < 30; revision++) await store().append(stream, revision, eventsToAppend(1));
        }
        events.push(...onlyOf(category, slice.events));
        if (events.length >= 31) ending.abort();
      }

      expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 31 }, (_, revision) => revision));
    });
  });
}
