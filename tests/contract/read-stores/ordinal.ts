import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyRow, ModelStore, SearchRow } from '../../../src/ports/read-model.ts';
import type { SearchQuery } from '../../../src/ports/read-models.ts';
import type { SearchReader } from '../../../src/ports/read-stores.ts';
import { insert, update, write } from './helpers.ts';
import { ordinalSamples } from './samples.ts';
import type { MakePlace, Place } from './suite.ts';

const entries = fc.uniqueArray(
  fc.record({
    place: fc.integer({ min: -50, max: 50 }),
    owner: fc.constantFrom('anna', 'berta', 'clara', null),
    text: fc.constantFrom('red', 'red blue', 'blue 版本', null),
  }),
  { selector: ({ place }) => place, maxLength: 40 },
);
const queries = fc.record({
  words: fc.option(fc.constantFrom('red', 'blue red', '版本', 'green')),
  owner: fc.option(fc.constantFrom('anna', ['berta'], ['anna', 'clara'], ['anna', 'berta', null], 'nobody', null)),
  range: fc.option(fc.record({ from: fc.integer({ min: -50, max: 0 }), to: fc.integer({ min: 0, max: 50 }) })),
  direction: fc.constantFrom<'asc' | 'desc'>('asc', 'desc'),
  limit: fc.integer({ min: 1, max: 9 }),
});

/** What a query asks for beyond its limit. */
interface Wanted {
  readonly words: string | null;
  readonly owner: string | (string | null)[] | null;
  readonly range: { readonly from: number; readonly to: number } | null;
}

export function ordinalContract(makePlace: MakePlace): void {
  const { definition } = ordinalSamples;

  describe('queries in the order of the ordinal', () => {
    let place: Place;
    let store: ModelStore<AnyRow>;
    let reader: SearchReader;

    async function begin(): Promise<void> {
      place = await makePlace();
      const open = await place.open().create(definition, 1);
      ({ store } = open);
      if (open.reader.kind !== 'search') throw new Error('no search');
      reader = open.reader;
    }
    async function end(): Promise<void> {
      await store.close();
      await place.remove();
    }
    beforeEach(begin);
    afterEach(end);

    it('visit each entry that is asked for once, page by page, whatever narrows them', async () => {
      await fc.assert(
        fc.asyncProperty(entries, queries, async (all, { words, owner, range, direction, limit }) => {
          await end();
          await begin();
          await write(
            store,
            all.map(
              ({ place: at, owner: of, text }) =>
                ({ id: `e${at}`, text, keywords: { owner: of, place: at } }) as AnyRow,
            ),
          );
          const visited: string[] = [];
          for (let beyond: SearchQuery['beyond']; ;) {
            const page = await reader.search({
              sort: { field: 'place', direction },
              limit,
              ...(words !== null && { words }),
              ...(owner !== null && { equals: { owner } }),
              ...(range !== null && { range: { place: range } }),
              ...(beyond !== undefined && { beyond }),
            });
            visited.push(...page.map(({ id }) => id));
            const last = page.at(-1);
            if (last === undefined) break;
            expect(page.length).toBeLessThanOrEqual(limit);
            beyond = { value: last.keywords['place'] ?? null, id: last.id };
          }
          const wanted = all
            .filter((each) => isWanted(each, { words, owner, range }))
            .sort((a, b) => a.place - b.place)
            .map(({ place: at }) => `e${at}`);
          expect(visited).toEqual(direction === 'asc' ? wanted : wanted.reverse());
        }),
        { numRuns: 60 },
      );
    }, 180_000);

    it('keep the ordinal of an entry what it is', async () => {
      const [before, after] = [1, 2].map((at): SearchRow => ({
        id: 'a',
        text: 'x',
        keywords: { owner: null, place: at },
      }));
      if (before === undefined || after === undefined) throw new Error('no entries');
      await store.apply({ from: 0, to: 1, rows: [insert(before)] });
      await expect(store.apply({ from: 1, to: 2, rows: [update(before, after)] })).rejects.toThrow();
      await expect(store.apply({ from: 1, to: 2, rows: [insert({ ...before, id: 'b' })] })).rejects.toThrow();
      expect(await store.count()).toBe(1);
    });
  });
}

function isWanted(
  entry: { readonly place: number; readonly owner: string | null; readonly text: string | null },
  { words, owner, range }: Wanted,
): boolean {
  const found = words === null || words.split(' ').every((word) => entry.text?.includes(word) === true);
  const owned = owner === null || (Array.isArray(owner) ? owner.includes(entry.owner) : owner === entry.owner);
  return found && owned && (range === null || (entry.place >= range.from && entry.place <= range.to));
}
