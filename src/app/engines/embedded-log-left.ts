import { existsSync } from 'node:fs';
import { ConfigError } from '../../config/config-error.ts';
import { openEventReader } from './event-log.ts';
import { pathsIn } from '../paths.ts';
import type { EngineSettings } from './settings.ts';

/**
 * Refuses to begin a new log beside an embedded one that holds events: they would seem to be gone.
 * @throws ConfigError naming the way to move them
 */
export async function refuseLogLeftBehind(settings: EngineSettings): Promise<void> {
  const { dataDir, eventStoreUrl } = settings;
  const { events, moved } = pathsIn(dataDir);
  if (eventStoreUrl === undefined || !existsSync(events) || existsSync(moved)) return;
  const reader = await openEventReader({ ...settings, eventStoreUrl: undefined });
  try {
    if ((await reader.head()) === 0) return;
  } finally {
    await reader.close();
  }
  const detail =
    `is set, and ${events} holds events that would be left behind; copy them with ` +
    '"annals events copy --to URL", or name another ANNALS_DATA_DIR';
  throw new ConfigError([{ name: 'ANNALS_EVENTSTORE_URL', detail }]);
}
