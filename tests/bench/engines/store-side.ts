import { openReadPlaces } from '../../../src/app/engines/read-places.ts';
import { createSoleProjectorGroup } from '../../../src/infrastructure/event-bus/sole-projector-group.ts';
import type { AnyProjection } from '../../../src/projections/projection.ts';
import { openReadSide, type ReadSide } from '../../../src/projections/engine/read-side.ts';
import { quiet } from '../quiet.ts';
import { openSealedLogIn, wrappingKey } from '../sealed-log-in.ts';
import type { Place } from './place.ts';

/** Some of the read models over the embedded log, composed as the product composes them for shared stores. */
export interface StoreSide extends Pick<ReadSide, 'control' | 'ready'> {
  close(): Promise<void>;
}

export async function openStoreSide({ settings }: Place, projections: readonly AnyProjection[]): Promise<StoreSide> {
  const store = openSealedLogIn(settings.dataDir);
  const reading = await openReadPlaces(settings, quiet);
  const side = await openReadSide({
    store,
    stores: reading.stores,
    projections,
    rebuild: {
      module: new URL('../../../src/app/engines/rebuild-parts.worker.ts', import.meta.url).href,
      settings: { ...settings, wrappingKey },
    },
    shared: { group: createSoleProjectorGroup(projections.map(({ name }) => name)), places: reading.places },
    logger: quiet,
  });
  return {
    control: side.control,
    ready: side.ready,
    async close() {
      await side.close();
      await reading.close();
      await store.close();
    },
  };
}
