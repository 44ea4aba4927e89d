import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CatalogueEntry } from '../../../src/ports/read-stores.ts';
import type { MakePlace, Place } from './suite.ts';

export function catalogueContract(makePlace: MakePlace): void {
  describe('the catalogue', () => {
    let place: Place;

    beforeEach(async () => {
      place = await makePlace();
    });
    afterEach(() => place.remove());

    it('is empty at first', async () => {
      expect(await place.open().catalogue()).toEqual(new Map());
    });

    it('keeps what was published last for each model, for whoever opens it', async () => {
      const first: CatalogueEntry = { live: 1, previous: null, schemaVersion: 1 };
      const second: CatalogueEntry = { live: 2, previous: 1, schemaVersion: 1 };
      const stores = place.open();
      await stores.publish(
        new Map([
          ['things', first],
          ['papers', first],
        ]),
      );
      await stores.publish(new Map([['things', second]]));
      expect(await place.open().catalogue()).toEqual(
        new Map([
          ['things', second],
          ['papers', first],
        ]),
      );
    });
  });
}
