import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NO_STREAM, WrongExpectedRevision } from '../../../src/ports/event-store.ts';
import type { EventToAppend } from '../../../src/ports/event-store.ts';
import { eventToAppend, eventsToAppend, idsOf, newCategory, newStream, onlyOf, readOn } from './helpers.ts';
import type { ContractContext } from './suite.ts';

/** Appending: revisions, durability of the answer, idempotency, several streams at once. */
export function appendContract({ store, capabilities }: ContractContext): void {
  describe('append', () => {
    it('starts a stream and numbers its events from 0', async () => {
      const stream = newStream();
      const first = await store().append(stream, NO_STREAM, eventsToAppend(2));
      const second = await store().append(stream, 1, eventsToAppend(1));

      expect(first.events.map(({ revision }) => revision)).toEqual([0, 1]);
      expect(first.revision).toBe(1);
      expect(first.position).toBe(first.events[1]?.position);
      expect(second.revision).toBe(2);
      expect(second.position).toBeGreaterThan(first.position);
    });

    it('answers the events exactly as they are read back', async () => {
      const stream = newStream();
      const events = [eventToAppend('A', { text: 'größer 大 🎈 \0 \ud800', list: [1, null, { deep: true }] })];
      const appended = await store().append(stream, NO_STREAM, events);

      expect(await store().readStream(stream)).toEqual(appended.events);
      expect(appended.events[0]).toMatchObject({ stream, revision: 0, ...events[0] });
    });

    it('keeps what JSON keeps: no undefined, dates as text', async () => {
      const stream = newStream();
      const data = { gone: undefined, at: new Date(0), list: [undefined] };
      const appended = await store().append(stream, NO_STREAM, [eventToAppend('A', data)]);
      const kept = { at: '1970-01-01T00:00:00.000Z', list: [null] };

      expect(appended.events[0]?.data).toStrictEqual(kept);
      expect((await store().readStream(stream))[0]?.data).toStrictEqual(kept);
    });

    it('keeps an event of 500 KB', async () => {
      const stream = newStream();
      const text = 'x'.repeat(500_000);
      await store().append(stream, NO_STREAM, [eventToAppend('Large', { text })]);

      expect((await store().readStream(stream))[0]?.data).toEqual({ text });
    });

    it('takes a snapshot: changing the data afterwards changes nothing', async () => {
      const stream = newStream();
      const data = { n: 1 };
      const appending = store().append(stream, NO_STREAM, [eventToAppend('A', data)]);
      data.n = 2;

      expect((await appending).events[0]?.data).toEqual({ n: 1 });
      expect((await store().readStream(stream))[0]?.data).toEqual({ n: 1 });
    });

    it('decodes what it answers by type and schema version', async () => {
      const stream = newStream();
      const old = eventToAppend('Versioned', 5, { schemaVersion: '1' });
      const current = eventToAppend('Versioned', { value: 6, unit: 's' }, { schemaVersion: '2' });
      const appended = await store().append(stream, NO_STREAM, [old, current]);
      const decoded = [
        { value: 5, unit: 'ms' },
        { value: 6, unit: 's' },
      ];

      expect(appended.events.map(({ data }) => data)).toEqual(decoded);
      expect((await store().readStream(stream)).map(({ data }) => data)).toEqual(decoded);
    });

    it.each([
      ['a stream that exists, when none was expected', 2, NO_STREAM],
      ['a revision already passed', 2, 0],
      ['a revision not yet reached', 2, 5],
      ['a stream that does not exist, when one was expected', 0, 0],
    ])('refuses %s', async (_case, existing, expected) => {
      const stream = newStream();
      if (existing > 0) await store().append(stream, NO_STREAM, eventsToAppend(existing));
      const refused = store().append(stream, expected, eventsToAppend(1));

      await expect(refused).rejects.toThrow(WrongExpectedRevision);
      await expect(refused).rejects.toMatchObject({ stream, expected, actual: existing - 1 });
      expect(await store().readStream(stream)).toHaveLength(existing);
    });

    it('lets one of two writers win who expect the same revision at the same moment', async () => {
      const stream = newStream();
      const outcomes = await Promise.allSettled([
        store().append(stream, NO_STREAM, eventsToAppend(1)),
        store().append(stream, NO_STREAM, eventsToAppend(1)),
      ]);

      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await store().readStream(stream)).toHaveLength(1);
    });

    it('does not let a refused append fail the appends beside it', async () => {
      const category = newCategory();
      const taken = newStream(category);
      await store().append(taken, NO_STREAM, eventsToAppend(1));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          store().append(index % 2 === 0 ? newStream(category) : taken, NO_STREAM, eventsToAppend(1)),
        ),
      );

      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      const read = await readOn(store(), 0, { filter: { categories: [category] } });
      expect(read.events).toHaveLength(11);
    });

    it.each<[string, EventToAppend[]]>([
      ['no events', []],
      ['data that has no JSON form', [eventToAppend('A', () => 1)]],
      ['an event without a type', [eventToAppend('')]],
      ['an event without an id', [eventToAppend('A', {}, { eventId: '' })]],
    ])('refuses %s', async (_case, events) => {
      const stream = newStream();
      await expect(store().append(stream, NO_STREAM, events)).rejects.toThrow(TypeError);
      expect(await store().readStream(stream)).toEqual([]);
    });

    it.each([-2, 0.5, Number.NaN])('refuses %d as an expected revision: there is no "any"', async (expected) => {
      await expect(store().append(newStream(), expected, eventsToAppend(1))).rejects.toThrow(TypeError);
    });
  });

  describe('append, repeated', () => {
    it('answers what was recorded the first time', async () => {
      const stream = newStream();
      const events = eventsToAppend(3);
      const first = await store().append(stream, NO_STREAM, events);
      const again = await store().append(stream, NO_STREAM, events);

      expect(first.repeated).toBe(false);
      expect(again).toEqual({ ...first, repeated: true });
      expect(await store().readStream(stream)).toHaveLength(3);
    });

    it('answers the same after others have written to the stream, whatever data comes with the ids', async () => {
      const stream = newStream();
      await store().append(stream, NO_STREAM, eventsToAppend(2));
      const events = eventsToAppend(2);
      const first = await store().append(stream, 1, events);
      await store().append(stream, 3, eventsToAppend(1));
      const changed = events.map((event) => ({ ...event, data: 'other' }));

      expect(await store().append(stream, 1, changed)).toEqual({ ...first, repeated: true });
      expect(await store().readStream(stream)).toHaveLength(5);
    });

    it('records once what is appended twice at the same moment', async () => {
      const stream = newStream();
      const events = eventsToAppend(2);
      const [one, other] = await Promise.all([
        store().append(stream, NO_STREAM, events),
        store().append(stream, NO_STREAM, events),
      ]);

      expect(other.events).toEqual(one.events);
      expect([one.repeated, other.repeated].sort()).toEqual([false, true]);
      expect(idsOf(await store().readStream(stream))).toEqual(idsOf(events));
    });

    it('refuses when other events, or only some of these, stand there', async () => {
      const stream = newStream();
      const events = eventsToAppend(2);
      await store().append(stream, NO_STREAM, events);
      const longer = [...events, eventToAppend()];
      const mixed = [...events.slice(0, 1), eventToAppend()];

      await expect(store().append(stream, NO_STREAM, longer)).rejects.toThrow(WrongExpectedRevision);
      await expect(store().append(stream, NO_STREAM, mixed)).rejects.toThrow(WrongExpectedRevision);
      await expect(store().append(stream, 0, events)).rejects.toThrow(WrongExpectedRevision);
      expect(await store().readStream(stream)).toHaveLength(2);
    });
  });

  describe.runIf(capabilities.atomicAppendMany)('appendMany', () => {
    it('appends to several streams, in the order given', async () => {
      const category = newCategory();
      const [one, two] = [newStream(category), newStream(category)];
      await store().append(one, NO_STREAM, eventsToAppend(1));
      const [first, second] = [eventsToAppend(2), eventsToAppend(3)];
      const result = await store().appendMany([
        { stream: one, expectedRevision: 0, events: first },
        { stream: two, expectedRevision: NO_STREAM, events: second },
      ]);

      expect(idsOf(result.events)).toEqual(idsOf([...first, ...second]));
      expect(result.revision).toBe(2);
      expect(result.position).toBe(result.events.at(-1)?.position);
      const read = await readOn(store(), 0, { filter: { categories: [category] } });
      expect(read.events.slice(1)).toEqual(result.events);
    });

    it('appends nothing at all when one stream is elsewhere', async () => {
      const category = newCategory();
      const [one, two, three] = [newStream(category), newStream(category), newStream(category)];
      await store().append(two, NO_STREAM, eventsToAppend(1));
      const appending = store().appendMany([
        { stream: one, expectedRevision: NO_STREAM, events: eventsToAppend(1) },
        { stream: two, expectedRevision: NO_STREAM, events: eventsToAppend(1) },
        { stream: three, expectedRevision: NO_STREAM, events: eventsToAppend(1) },
      ]);

      await expect(appending).rejects.toMatchObject({ name: 'WrongExpectedRevision', stream: two, actual: 0 });
      expect(onlyOf(category, (await readOn(store(), 0)).events)).toHaveLength(1);
    });

    it('answers what was recorded the first time, and refuses a mixture of old and new', async () => {
      const [one, two] = [newStream(), newStream()];
      const appends = [
        { stream: one, expectedRevision: NO_STREAM, events: eventsToAppend(1) },
        { stream: two, expectedRevision: NO_STREAM, events: eventsToAppend(2) },
      ];
      const first = await store().appendMany(appends);
      const other = { stream: newStream(), expectedRevision: NO_STREAM, events: eventsToAppend(1) };

      expect(await store().appendMany(appends)).toEqual({ ...first, repeated: true });
      await expect(store().appendMany([...appends, other])).rejects.toThrow(WrongExpectedRevision);
      expect(await store().readStream(other.stream)).toEqual([]);
    });

    it('refuses to be given no stream, or one stream twice', async () => {
      const append = { stream: newStream(), expectedRevision: NO_STREAM, events: eventsToAppend(1) };

      await expect(store().appendMany([])).rejects.toThrow(TypeError);
      await expect(store().appendMany([append, { ...append, expectedRevision: 0 }])).rejects.toThrow(TypeError);
      expect(await store().readStream(append.stream)).toEqual([]);
    });
  });

  it('appendMany of one stream is append', async () => {
    const stream = newStream();
    const events = [eventToAppend('A', { id: randomUUID() })];
    const result = await store().appendMany([{ stream, expectedRevision: NO_STREAM, events }]);

    expect(await store().readStream(stream)).toEqual(result.events);
  });
}
