import { ConfigError } from '../config/config-error.ts';
import { settings as settingNames } from '../config/settings.ts';
import { createPersonKeyring, wrappingKeyOf } from '../infrastructure/personal-data/person-keyring.ts';
import { createPersonalData, type PersonalDataSealing } from '../infrastructure/personal-data/personal-data.ts';
import { sealedFor } from '../infrastructure/personal-data/sealed-text.ts';
import { openedBus, openedLog, sealedEventStore } from '../infrastructure/personal-data/sealed-log.ts';
import { openSqlitePersonKeys } from '../infrastructure/personal-data/sqlite-person-keys.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { PersonKeys } from '../ports/person-keys.ts';
import type { LogReader } from '../projections/engine/rebuild-parts.ts';
import type { Closing } from './closing.ts';
import type { Engines } from './engines/engines.ts';
import { openEventReader } from './engines/event-log.ts';
import type { EngineSettings } from './engines/settings.ts';
import { pathsIn } from './paths.ts';
import { personalRules } from './personal-rules.ts';

/** What rebuilding in a thread of its own needs besides the engines. Plain data. */
export interface RebuildSettings extends EngineSettings {
  /** The key that people's keys are stored under. */
  readonly wrappingKey: Uint8Array;
}

export interface PersonalParts {
  /** The log, opened and sealed. */
  readonly store: EventStore;
  readonly readSide: Engines['readSide'];
  readonly personal: PersonalDataSealing;
}

/** The keys of people, beside the log that the settings name. @throws StoreUnavailable the embedded ones cannot be opened */
export async function openPersonKeys(
  { dataDir, eventStoreUrl }: EngineSettings,
  readOnly = false,
): Promise<PersonKeys> {
  if (eventStoreUrl === undefined) return openSqlitePersonKeys({ path: pathsIn(dataDir).people, readOnly });
  const { openEsdbPersonKeys } = await import('../infrastructure/personal-data/esdb-person-keys.ts');
  return openEsdbPersonKeys({ url: eventStoreUrl });
}

/**
 * Puts the sealing of personal data between the log and all that reads and writes it.
 * @param indexKey of the log's keyring
 * @throws ConfigError the log's people have keys that are not here; StoreUnavailable
 */
export async function openPersonalData(
  engines: Pick<Engines, 'store' | 'readSide'>,
  settings: EngineSettings,
  indexKey: Buffer,
  closing: Closing,
): Promise<PersonalParts> {
  const keys = await openPersonKeys(settings);
  closing.add('keys of people', () => keys.close());
  const wrappingKey = wrappingKeyOf(indexKey);
  const personal = createPersonalData(createPersonKeyring(keys, wrappingKey), personalRules);
  await refuseLostPeople(engines.store, keys, settings);
  const { bus, rebuild, ...rest } = engines.readSide;
  const rebuildSettings: RebuildSettings = { ...settings, wrappingKey };
  return {
    store: sealedEventStore(engines.store, personal),
    readSide: {
      ...rest,
      ...(bus && { bus: openedBus(bus, personal) }),
      rebuild: { ...rebuild, settings: rebuildSettings },
    },
    personal,
  };
}

/** The log for reading, opened, for a thread beside the one that writes it. */
export async function openOpenedLog(settings: RebuildSettings): Promise<LogReader> {
  const keys = await openPersonKeys(settings, true);
  const personal = createPersonalData(createPersonKeyring(keys, settings.wrappingKey), personalRules);
  const log = openedLog(await openEventReader(settings), personal);
  return {
    ...log,
    async close() {
      await log.close();
      await keys.close();
    },
  };
}

/** The first person of the log tells whether the keys that are here are the log's. */
async function refuseLostPeople(store: EventStore, keys: PersonKeys, settings: EngineSettings): Promise<void> {
  for (let after = 0; ;) {
    const { events, position, end } = await store.readAll({ after, limit: 1, filter: { types: ['UserRegistered'] } });
    const [first] = events;
    if (first) {
      const person = sealedFor((first.data as { readonly username: unknown }).username);
      if (person === undefined || (await keys.get([person])).has(person)) return;
      throw peopleLost(settings);
    }
    if (end) return;
    after = position;
  }
}

function peopleLost({ eventStoreUrl }: EngineSettings): ConfigError {
  const { name } = eventStoreUrl === undefined ? settingNames.dataDir : settingNames.eventStoreUrl;
  const where = eventStoreUrl === undefined ? 'people.sqlite' : 'its streams of keys';
  const detail = `holds a log whose personal data is sealed with keys that ${where} lacks: restore both from one backup`;
  return new ConfigError([{ name, detail }]);
}
