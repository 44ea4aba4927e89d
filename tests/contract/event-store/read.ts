import { beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventFilter } from '../../../src/ports/event-store.ts';
import { eventToAppend, eventsToAppend, newCategory, newStream, onlyOf, readOn, turns } from './helpers.ts';
import type { ContractContext } from './suite.ts';

/** Reading what stands: one stream, the whole log, filters, times. */
export function readContract({ store }: ContractContext): void {
  describe('readStream', () => {
    const stream = newStream();
    beforeEach(async () => {
      if ((await store().readStream(stream, { limit: 1 })).length === 0) {
        await store().append(stream, NO_STREAM, eventsToAppend(10));
      }
    });
    const revisions = async (options?: Parameters<ReturnType<typeof store>['readStream']>[1]): Promise<number[]> =>
      (await store().readStream(stream, options)).map(({ revision }) => revision);

    it('reads forward from the beginning, or from a revision on', async () => {
      expect(await revisions()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await revisions({ from: 7 })).toEqual([7, 8, 9]);
      expect(await revisions({ from: 3, limit: 2 })).toEqual([3, 4]);
    });

    it('reads backward from the end, or from a revision back', async () => {
      expect(await revisions({ direction: 'backward' })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
      expect(await revisions({ direction: 'backward', limit: 1 })).toEqual([9]);
      expect(await revisions({ direction: 'backward', from: 2 })).toEqual([2, 1, 0]);
      expect(await revisions({ direction: 'backward', from: 5, limit: 2 })).toEqual([5, 4]);
    });

    it('finds nothing beyond the end, and nothing of a stream that was never written', async () => {
      expect(await revisions({ from: 10 })).toEqual([]);
      expect(await store().readStream(newStream())).toEqual([]);
      expect(await store().readStream(newStream(), { direction: 'backward' })).toEqual([]);
    });

    it('reads a stream of a thousand events whole, in both directions', async () => {
      const long = newStream();
      await store().append(long, NO_STREAM, eventsToAppend(1_000));
      const forward = await store().readStream(long);

      expect(forward.map(({ revision }) => revision)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
      expect(await store().readStream(long, { direction: 'backward' })).toEqual(forward.toReversed());
    });

    it('refuses a limit below 1', async () => {
      await expect(store().readStream(stream, { limit: 0 })).rejects.toThrow(RangeError);
    });
  });

  describe('readAll', () => {
    it('gives every event once, in the order of positions, whatever the size of the slices', async () => {
      const category = newCategory();
      const start = await store().head();
      for (let round = 0; round < 5; round++) {
        await Promise.all([1, 2, 3].map((n) => store().append(newStream(category), NO_STREAM, eventsToAppend(n))));
      }
      const whole = onlyOf(category, (await readOn(store(), start, { limit: 1_000 })).events);

      expect(whole).toHaveLength(30);
      for (const [index, event] of whole.entries()) {
        expect(event.position).toBeGreaterThan(whole[index - 1]?.position ?? start);
      }
      for (const limit of [1, 7, 29]) {
        expect(onlyOf(category, (await readOn(store(), start, { limit })).events)).toEqual(whole);
      }
    });

    it('goes on after the position it is given', async () => {
      const category = newCategory();
      const { events } = await store().append(newStream(category), NO_STREAM, eventsToAppend(4));
      const after = events[1]?.position ?? Number.NaN;

      expect(onlyOf(category, (await readOn(store(), after)).events)).toEqual(events.slice(2));
    });

    it('says at the head that nothing stands beyond', async () => {
      const { position } = await store().append(newStream(), NO_STREAM, eventsToAppend(1));
      const filter = { categories: [newCategory()] };

      expect(await store().readAll({ after: position, limit: 10, filter })).toMatchObject({ events: [], end: true });
    });

    it('decodes the data', async () => {
      const category = newCategory();
      await store().append(newStream(category), NO_STREAM, [eventToAppend('Versioned', 5, { schemaVersion: '1' })]);
      const { events } = await readOn(store(), 0, { filter: { categories: [category] } });

      expect(events[0]?.data).toEqual({ value: 5, unit: 'ms' });
    });

    it('refuses a limit below 1', async () => {
      await expect(store().readAll({ after: 0, limit: 0 })).rejects.toThrow(RangeError);
    });

    it('filters by category and by type', async () => {
      const [one, two] = [newCategory(), newCategory()];
      const start = await store().head();
      for (const category of [one, two, `${one}x`]) {
        await store().append(newStream(category), NO_STREAM, [eventToAppend('A'), eventToAppend('B')]);
      }
      await store().append(one, NO_STREAM, [eventToAppend('C')]);
      const types = async (filter: EventFilter): Promise<string[]> =>
        (await readOn(store(), start, { filter, limit: 2 })).events.map(({ type }) => type);

      expect(await types({ categories: [one] })).toEqual(['A', 'B', 'C']);
      expect(await types({ categories: [one, two] })).toEqual(['A', 'B', 'A', 'B', 'C']);
      expect(await types({ categories: [one, two], types: ['B', 'C'] })).toEqual(['B', 'B', 'C']);
      expect(await types({ categories: [one], types: [] })).toEqual([]);
      expect(await types({ categories: [], types: ['A'] })).toEqual([]);
      const typesOnly = await readOn(store(), start, { filter: { types: ['C'] } });
      expect(onlyOf(one, typesOnly.events)).toHaveLength(1);
    });

    it('moves on to the end when the filter admits nothing', async () => {
      const start = await store().head();
      const { position } = await store().append(newStream(), NO_STREAM, eventsToAppend(50));
      const read = await readOn(store(), start, { filter: { types: ['NeverHappened'] } });

      expect(read.events).toEqual([]);
      expect(read.position).toBeGreaterThanOrEqual(position);
    });
  });

  describe('head and positionAt', () => {
    it('gives the position of the event appended last', async () => {
      const { position } = await store().append(newStream(), NO_STREAM, eventsToAppend(2));
      expect(await store().head()).toBeGreaterThanOrEqual(position);
      expect((await readOn(store(), 0)).position).toBeGreaterThanOrEqual(position);
    });

    it('finds the last event recorded at or before a time', async () => {
      expect(await store().positionAt(0)).toBe(0);
      const { position: before } = await store().append(newStream(), NO_STREAM, eventsToAppend(1));
      const between = Date.now();
      while (Date.now() === between) await turns(1);
      const { position: after } = await store().append(newStream(), NO_STREAM, eventsToAppend(1));

      expect(await store().positionAt(between)).toBeGreaterThanOrEqual(before);
      expect(await store().positionAt(between)).toBeLessThan(after);
      expect(await store().positionAt(Date.now())).toBeGreaterThanOrEqual(after);
    });
  });
}
