import { projections } from '../../projections/all.ts';
import type { RebuildParts } from '../../projections/engine/rebuild-parts.ts';
import { openEventReader } from './event-log.ts';
import { openReadPlaces } from './read-places.ts';
import type { EngineSettings } from './settings.ts';

/** Opens, in a worker thread, what filling a read model takes. */
export async function openRebuildParts(settings: EngineSettings): Promise<RebuildParts> {
  const { stores, close } = await openReadPlaces(settings);
  return { projections, log: await openEventReader(settings), stores, close };
}
