import { projections } from '../../projections/all.ts';
import type { RebuildParts } from '../../projections/engine/rebuild-parts.ts';
import { openOpenedLog, type RebuildSettings } from '../personal-data.ts';
import { openReadPlaces } from './read-places.ts';

/** Opens, in a worker thread, what filling a read model takes. */
export async function openRebuildParts(settings: RebuildSettings): Promise<RebuildParts> {
  const { stores, close } = await openReadPlaces(settings);
  const log = await openOpenedLog(settings);
  return { projections, log, stores, close };
}
