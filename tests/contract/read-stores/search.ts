import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyRow, Cell, ModelStore, SearchRow } from '../../../src/ports/read-model.ts';
import type { SearchHit, SearchQuery } from '../../../src/ports/read-models.ts';
import type { SearchReader } from '../../../src/ports/read-stores.ts';
import { insert, remove, update, write } from './helpers.ts';
import { searchSamples } from './samples.ts';
import type { MakePlace, Place } from './suite.ts';

export function searchContract(makePlace: MakePlace): void {
  const { definition } = searchSamples;

  describe('queries to a search model', () => {
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

    const entry = (
      id: string,
      text: string | null,
      size: number | null = 1,
      owner: string | null = 'anna',
    ): SearchRow => ({
      id,
      text,
      keywords: { owner, size },
    });
    const ids = (hits: readonly SearchHit[]): string[] => hits.map(({ id }) => id);
    const query = (fields: Partial<SearchQuery> = {}): SearchQuery => ({
      sort: { field: 'size', direction: 'asc' },
      limit: 100,
      ...fields,
    });
    const found = async (words: string): Promise<string[]> => ids(await reader.search(query({ words })));

    it('find the entries that have all of the words, in any order', async () => {
      await write(store, [
        entry('1', 'the red fox', 1),
        entry('2', 'a fox that is red', 2),
        entry('3', 'a red hen', 3),
      ]);
      expect(await found('red fox')).toEqual(['1', '2']);
      expect(await found('fox')).toEqual(['1', '2']);
      expect(await found('red')).toEqual(['1', '2', '3']);
      expect(await found('wolf')).toEqual([]);
      expect(await found('re')).toEqual([]);
    });

    it('find a word that nearly every entry has, in the order asked for and page by page', async () => {
      const many = Array.from({ length: 2500 }, (_, n) => {
        return entry(String(n).padStart(4, '0'), n % 2 === 0 ? 'common even' : 'common odd', n);
      });
      await write(store, many);
      const sort = { field: 'size', direction: 'desc' } as const;
      const first = await reader.search(query({ words: 'common', sort, limit: 3 }));
      expect(ids(first)).toEqual(['2499', '2498', '2497']);
      const beyond = { value: 2497, id: '2497' };
      expect(ids(await reader.search(query({ words: 'common', sort, limit: 2, beyond })))).toEqual(['2496', '2495']);
      expect(ids(await reader.search(query({ words: 'common odd', sort, limit: 2, beyond })))).toEqual([
        '2495',
        '2493',
      ]);
    });

    it('find quoted words only side by side', async () => {
      await write(store, [entry('1', 'the red fox', 1), entry('2', 'a fox that is red', 2)]);
      expect(await found('"red fox"')).toEqual(['1']);
      expect(await found('"fox" "red"')).toEqual(['1', '2']);
      expect(await found('"red fox')).toEqual(['1', '2']);
    });

    it('find words whatever their case, accents or width', async () => {
      await write(store, [entry('1', 'CAFÉ Zürich ＡＰＩ ｶﾀｶﾅ', 1)]);
      for (const words of ['cafe', 'café', 'ZURICH', 'api', 'ａｐｉ', 'カタカナ'])
        expect(await found(words)).toEqual(['1']);
    });

    it('find a Chinese word of two characters, and no entry that has them apart', async () => {
      await write(store, [
        entry('1', '支持版本控制和回滚', 1),
        entry('2', '本版不支持制控', 2),
        entry('3', '版 本', 3),
        entry('4', 'version版本2', 4),
      ]);
      expect(await found('版本')).toEqual(['1', '3', '4']);
      expect(await found('本版')).toEqual(['2']);
      expect(await found('版本控制')).toEqual(['1']);
      expect(await found('版本 回滚')).toEqual(['1']);
      expect(await found('version版本')).toEqual(['4']);
    });

    it('find Japanese and Korean words', async () => {
      await write(store, [entry('1', 'サーバーを起動する', 1), entry('2', '서버를 시작합니다', 2)]);
      expect(await found('サーバー')).toEqual(['1']);
      expect(await found('起動')).toEqual(['1']);
      expect(await found('バサー')).toEqual([]);
      expect(await found('서버')).toEqual(['2']);
      expect(await found('시작')).toEqual(['2']);
    });

    it('take what a person types for words, never for syntax', async () => {
      await write(store, [entry('1', 'NEAR and OR not alpha beta text', 1), entry('2', 'alpha', 2)]);
      expect(await found('alpha OR beta')).toEqual(['1']);
      expect(await found('NOT alpha')).toEqual(['1']);
      expect(await found('NEAR')).toEqual(['1']);
      expect(await found('alph*')).toEqual([]);
      expect(await found('text:alpha')).toEqual([]);
      expect(await found('^alpha')).toEqual(['1', '2']);
      for (const words of [
        '"',
        '""',
        "'",
        '*',
        '(',
        ')',
        'a"b"c"',
        '\0',
        'alpha\0',
        '{a}',
        'a + b',
        '-',
        '🎉',
        '\ud800',
        'x'.repeat(20_000),
      ]) {
        await reader.search(query({ words }));
      }
    });

    it('pass over what is no word beside words, and find nothing where there is no word at all', async () => {
      await write(store, [entry('1', 'alpha, beta', 1)]);
      expect(await found('alpha - , beta!')).toEqual(['1']);
      expect(await found('- !')).toEqual([]);
      expect(await found('')).toEqual([]);
    });

    it('bear many words', async () => {
      const words = Array.from({ length: 300 }, (_, index) => `w${index}`);
      await write(store, [entry('1', words.join(' '), 1), entry('2', words.slice(1).join(' '), 2)]);
      expect(await found(words.join(' '))).toEqual(['1']);
    });

    it('do not find an entry whose text is not there yet, and no longer find words that are gone', async () => {
      const [silent, first, second] = [entry('1', null), entry('1', 'red'), entry('1', 'blue')];
      await store.apply({ from: 0, to: 1, rows: [insert(silent)] });
      expect(await found('red')).toEqual([]);
      await store.apply({ from: 1, to: 2, rows: [update(silent, first)] });
      expect(await found('red')).toEqual(['1']);
      await store.apply({ from: 2, to: 3, rows: [update(first, second)] });
      expect([await found('red'), await found('blue')]).toEqual([[], ['1']]);
      await store.apply({ from: 3, to: 4, rows: [remove(second)] });
      expect(await found('blue')).toEqual([]);
      expect(await reader.search(query())).toEqual([]);
    });

    it('narrow by keyword fields: one value, several, none, and ranges with both ends', async () => {
      await write(store, [
        entry('1', 'red', 1, 'anna'),
        entry('2', 'red', 2, 'berta'),
        entry('3', 'red', 3, null),
        entry('4', 'blue', 4, 'anna'),
      ]);
      const narrowed = async (fields: Partial<SearchQuery>): Promise<string[]> =>
        ids(await reader.search(query(fields)));
      expect(await narrowed({ equals: { owner: 'anna' } })).toEqual(['1', '4']);
      expect(await narrowed({ equals: { owner: ['anna', 'berta'] } })).toEqual(['1', '2', '4']);
      expect(await narrowed({ equals: { owner: null } })).toEqual(['3']);
      expect(await narrowed({ equals: { owner: [null, 'berta'] } })).toEqual(['2', '3']);
      expect(await narrowed({ equals: { owner: [] } })).toEqual([]);
      expect(await narrowed({ words: 'red', equals: { owner: 'anna' } })).toEqual(['1']);
      expect(await narrowed({ range: { size: { from: 2, to: 3 } } })).toEqual(['2', '3']);
      expect(await narrowed({ words: 'red', range: { size: { from: 2 } } })).toEqual(['2', '3']);
      expect(await narrowed({ equals: { size: 2 } })).toEqual(['2']);
      await expect(narrowed({ equals: { nothing: 1 } })).rejects.toThrow(TypeError);
    });

    it('answer the keyword fields, and a snippet only when there are words', async () => {
      await write(store, [entry('1', 'the red fox', 7)]);
      expect(await reader.search(query())).toEqual([{ id: '1', keywords: { owner: 'anna', size: 7 } }]);
      expect(await reader.search(query({ words: 'Red' }))).toEqual([
        { id: '1', keywords: { owner: 'anna', size: 7 }, snippet: 'the \u0002red\u0003 fox' },
      ]);
    });

    it('show the text around what was found, as it was written', async () => {
      const text = `${'before '.repeat(60)}支持版本控制，Café; ${'after '.repeat(100)}`;
      await write(store, [entry('1', text, 1)]);
      const [hit] = await reader.search(query({ words: '版本 cafe' }));
      const snippet = hit?.snippet ?? '';
      expect(snippet).toContain('支持\u0002版本\u0003控制，\u0002Café\u0003;');
      expect(snippet.length).toBeLessThan(400);
      expect(text).toContain(snippet.replaceAll(/[\u0002\u0003…]/g, ''));
    });

    it('leave marks that stand in the text out of the snippet', async () => {
      await write(store, [entry('1', 'a \u0002fake\u0003 red mark', 1)]);
      expect((await reader.search(query({ words: 'red' })))[0]?.snippet).toBe('a fake \u0002red\u0003 mark');
    });

    it('visit each entry once, page by page, in the order asked for', async () => {
      const keys = fc.record({
        size: fc.option(fc.integer({ min: 0, max: 4 })),
        words: fc.constantFrom('red', 'blue'),
      });
      const directions = fc.constantFrom<'asc' | 'desc'>('asc', 'desc');
      await fc.assert(
        fc.asyncProperty(
          fc.array(keys, { maxLength: 25 }),
          directions,
          fc.integer({ min: 1, max: 7 }),
          fc.boolean(),
          async (all, direction, limit, worded) => {
            await end();
            await begin();
            await write(
              store,
              all.map(({ size, words }, index) => entry(`e${index}`, words, size)),
            );
            const visited: SearchHit[] = [];
            for (let beyond: SearchQuery['beyond']; ;) {
              const page = await reader.search({
                sort: { field: 'size', direction },
                limit,
                ...(worded && { words: 'red' }),
                ...(beyond !== undefined && { beyond }),
              });
              visited.push(...page);
              const last = page.at(-1);
              if (last === undefined) break;
              beyond = { value: last.keywords['size'] ?? null, id: last.id };
            }
            const expected = all
              .map(({ size, words }, index) => ({ id: `e${index}`, size, words }))
              .filter(({ words }) => !worded || words === 'red')
              .sort((a, b) => compare(a.size, b.size) || compare(a.id, b.id))
              .map(({ id }) => id);
            expect(ids(visited)).toEqual(direction === 'asc' ? expected : expected.reverse());
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}

/** Nulls first, as all stores have it. */
function compare(a: Cell, b: Cell): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
