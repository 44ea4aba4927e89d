import { describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { eventsToAppend, followUntil, newCategory, newStream, readOn } from './helpers.ts';
import type { ContractContext } from './suite.ts';

/** Closing, and opening the same log again. */
export function lifeCycleContract({ store, underTest }: ContractContext): void {
  describe('close', () => {
    it('records what was asked for before, and refuses what comes after', async () => {
      const stream = newStream();
      const appending = Array.from({ length: 5 }, () => store().append(newStream(), NO_STREAM, eventsToAppend(1)));
      const closing = store().close();
      const late = store().append(stream, NO_STREAM, eventsToAppend(1));

      await expect(late).rejects.toThrow(StoreUnavailable);
      await closing;
      await expect(Promise.all(appending)).resolves.toHaveLength(5);
    });

    it('refuses reading afterwards, and may be asked for twice', async () => {
      await store().close();
      await store().close();

      await expect(store().head()).rejects.toThrow(StoreUnavailable);
      await expect(store().readStream('a-1')).rejects.toThrow(StoreUnavailable);
      await expect(store().readAll({ after: 0, limit: 1 })).rejects.toThrow(StoreUnavailable);
      await expect(store().positionAt(0)).rejects.toThrow(StoreUnavailable);
    });

    it('tells followers, so that none waits for ever', async () => {
      const after = await store().head();
      const following = followUntil(store(), { after }, () => false);
      const told = expect(following).rejects.toThrow(StoreUnavailable);
      await store().head();
      await store().close();

      await told;
    });
  });

  it('finds everything again when the log is opened again, and goes on from there', async (context) => {
    const { reopen } = underTest();
    if (reopen === undefined) return context.skip('this adapter has no log of its own to open again');
    const category = newCategory();
    const stream = newStream(category);
    const events = eventsToAppend(3);
    const first = await store().append(stream, NO_STREAM, events);
    const head = await store().head();
    const reopened = await reopen();

    expect(await reopened.head()).toBeGreaterThanOrEqual(head);
    expect(await reopened.readStream(stream)).toEqual(first.events);
    expect(await reopened.append(stream, NO_STREAM, events)).toEqual({ ...first, repeated: true });
    const next = await reopened.append(stream, 2, eventsToAppend(1));
    expect(next.position).toBeGreaterThan(first.position);
    expect((await readOn(reopened, 0, { filter: { categories: [category] } })).events).toHaveLength(4);
  });
}
