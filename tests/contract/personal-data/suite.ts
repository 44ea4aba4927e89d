import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { PersonKeys } from '../../../src/ports/person-keys.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';

export interface OpenedPersonKeys {
  readonly keys: PersonKeys;
  /** Opens the same keys once more, as another process or the next start does. */
  reopen(): PersonKeys;
  /** Takes away what they are in, so that no call can be answered. */
  fail(): Promise<void>;
  dispose(): Promise<void>;
}

/** What every store of people's keys promises. */
export function personKeysContract(name: string, open: () => Promise<OpenedPersonKeys>): void {
  describe(name, () => {
    let opened: OpenedPersonKeys;
    let keys: PersonKeys;

    beforeEach(async () => {
      opened = await open();
      ({ keys } = opened);
      onTestFinished(() => opened.dispose());
    });

    const kept = (wrapped: string) => ({ status: 'kept', wrapped });
    const erased = { status: 'erased' };
    const person = () => randomUUID();

    test('knows nothing of who never had a key', async () => {
      expect(await keys.get([person()])).toEqual(new Map());
      expect(await keys.get([])).toEqual(new Map());
    });

    test('keeps a key for each, and gives those that are asked for', async () => {
      const people = Array.from({ length: 45 }, person);
      for (const one of people) expect(await keys.create(one, `key of ${one}`)).toEqual(kept(`key of ${one}`));
      const asked = [...people.slice(0, 41), person()];
      expect(await keys.get(asked)).toEqual(new Map(people.slice(0, 41).map((one) => [one, kept(`key of ${one}`)])));
    });

    test('keeps the first key of a person, whoever else makes one', async () => {
      const ada = person();
      await keys.create(ada, 'first');
      expect(await keys.create(ada, 'second')).toEqual(kept('first'));
      const elsewhere = opened.reopen();
      onTestFinished(() => elsewhere.close());
      expect(await elsewhere.create(ada, 'third')).toEqual(kept('first'));
      expect(await keys.get([ada])).toEqual(new Map([[ada, kept('first')]]));
    });

    test('gives two who make a key at the same time the same one', async () => {
      const elsewhere = opened.reopen();
      onTestFinished(() => elsewhere.close());
      for (const ada of Array.from({ length: 5 }, person)) {
        const made = await Promise.all([
          keys.create(ada, 'one'),
          elsewhere.create(ada, 'other'),
          keys.create(ada, 'more'),
        ]);
        expect(new Set(made.map((key) => JSON.stringify(key))).size).toBe(1);
        expect(await elsewhere.get([ada])).toEqual(new Map([[ada, made[0]]]));
      }
    });

    test('forgets an erased key for good', async () => {
      const [ada, bob] = [person(), person()];
      await keys.create(ada, 'of ada');
      await keys.create(bob, 'of bob');
      await keys.erase(ada);
      expect(await keys.get([ada, bob])).toEqual(
        new Map<string, unknown>([
          [ada, erased],
          [bob, kept('of bob')],
        ]),
      );
      expect(await keys.create(ada, 'again')).toEqual(erased);
      const elsewhere = opened.reopen();
      onTestFinished(() => elsewhere.close());
      expect(await elsewhere.create(ada, 'again')).toEqual(erased);
      expect(await elsewhere.get([ada])).toEqual(new Map([[ada, erased]]));
    });

    test('erases again, and who never had a key, without harm', async () => {
      const [ada, nobody] = [person(), person()];
      await keys.create(ada, 'of ada');
      await keys.erase(ada);
      await keys.erase(ada);
      await keys.erase(nobody);
      expect(await keys.create(nobody, 'late')).toEqual(erased);
    });

    test('has after a start what it had before', async () => {
      const [ada, bob] = [person(), person()];
      await keys.create(ada, 'of ada');
      await keys.create(bob, 'of bob');
      await keys.erase(bob);
      await keys.close();
      const reopened = opened.reopen();
      onTestFinished(() => reopened.close());
      expect(await reopened.get([ada, bob])).toEqual(
        new Map<string, unknown>([
          [ada, kept('of ada')],
          [bob, erased],
        ]),
      );
    });

    test('says that it cannot be reached when it cannot', async () => {
      const ada = person();
      await keys.create(ada, 'of ada');
      await opened.fail();
      await expect(keys.get([ada])).rejects.toThrow(StoreUnavailable);
      await expect(keys.create(person(), 'new')).rejects.toThrow(StoreUnavailable);
      await expect(keys.erase(ada)).rejects.toThrow(StoreUnavailable);
    }, 30_000);
  });
}
