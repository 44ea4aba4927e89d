import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyRow, DocumentRow, ModelStore } from '../../../src/ports/read-model.ts';
import type { DocumentReader } from '../../../src/ports/read-stores.ts';
import { insert, remove, update, write } from './helpers.ts';
import { documentSamples } from './samples.ts';
import type { MakePlace, Place } from './suite.ts';

export function documentsContract(makePlace: MakePlace): void {
  const { definition, rows } = documentSamples;

  describe('queries to documents', () => {
    let place: Place;
    let store: ModelStore<AnyRow>;
    let reader: DocumentReader;

    beforeEach(async () => {
      place = await makePlace();
      const open = await place.open().create(definition, 1);
      ({ store } = open);
      if (open.reader.kind !== 'documents') throw new Error('no documents');
      reader = open.reader;
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    const paper = (id: string, owner: string, size: number, state?: string): DocumentRow => ({
      id,
      owner,
      size,
      ...(state !== undefined && { state }),
      notes: { of: id },
    });
    const idsOf = (found: readonly DocumentRow[]): string[] => found.map(({ id }) => id);

    it('find a document by its id, whole', async () => {
      await write(store, rows);
      for (const row of rows) expect(await reader.get(row.id)).toEqual(row);
      expect(await reader.get('nobody')).toBeUndefined();
    });

    it('find documents by fields, indexed or not, in the order asked for', async () => {
      await write(store, [
        paper('1', 'anna', 3),
        paper('2', 'anna', 1),
        paper('3', 'berta', 2),
        paper('4', 'anna', 2, 'new'),
      ]);
      const bySize = [{ field: 'size', direction: 'desc' }] as const;
      expect(idsOf(await reader.find({ equals: { owner: 'anna' }, sort: bySize, limit: 10 }))).toEqual(['1', '4', '2']);
      expect(idsOf(await reader.find({ equals: { owner: 'anna', size: 2 }, limit: 10 }))).toEqual(['4']);
      expect(idsOf(await reader.find({ equals: { state: 'new' }, limit: 10 }))).toEqual(['4']);
      expect(idsOf(await reader.find({ equals: {}, limit: 3 }))).toEqual(['1', '2', '3']);
      expect(await reader.find({ equals: { owner: 'nobody' }, limit: 10 })).toEqual([]);
    });

    it('tell a number from a text that looks like it', async () => {
      await write(store, [paper('1', '7', 7)]);
      expect(await reader.find({ equals: { owner: '7' }, limit: 1 })).toHaveLength(1);
      expect(await reader.find({ equals: { owner: 7 }, limit: 1 })).toHaveLength(0);
      expect(await reader.find({ equals: { size: '7' }, limit: 1 })).toHaveLength(0);
    });

    it('follow changes and deletions', async () => {
      const [before, after] = [paper('1', 'anna', 1), paper('1', 'berta', 1)];
      await store.apply({ from: 0, to: 1, rows: [insert(before)] });
      await store.apply({ from: 1, to: 2, rows: [update(before, after)] });
      expect(await reader.find({ equals: { owner: 'anna' }, limit: 1 })).toEqual([]);
      expect(await reader.find({ equals: { owner: 'berta' }, limit: 1 })).toEqual([after]);
      await store.apply({ from: 2, to: 3, rows: [remove(after)] });
      expect(await reader.get('1')).toBeUndefined();
    });

    it('refuse fields whose names could be syntax', async () => {
      await expect(reader.find({ equals: { "a') OR 1 --": 1 }, limit: 1 })).rejects.toThrow(TypeError);
    });
  });
}
