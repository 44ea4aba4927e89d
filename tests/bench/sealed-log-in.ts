import { pathsIn } from '../../src/app/paths.ts';
import { personalRules } from '../../src/app/personal-rules.ts';
import { decodeEventData } from '../../src/domain/registry.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { createPersonKeyring } from '../../src/infrastructure/personal-data/person-keyring.ts';
import { createPersonalData } from '../../src/infrastructure/personal-data/personal-data.ts';
import { sealedEventStore } from '../../src/infrastructure/personal-data/sealed-log.ts';
import { openSqlitePersonKeys } from '../../src/infrastructure/personal-data/sqlite-person-keys.ts';
import type { EventStore } from '../../src/ports/event-store.ts';

/** Under which the keys of people are stored in logs that were made for the occasion. */
export const wrappingKey = new Uint8Array(32).fill(7);

/** The embedded log of a directory, its personal data sealed as the product seals it. */
export function openSealedLogIn(dir: string): EventStore {
  const { events, people } = pathsIn(dir);
  const store = openSqliteEventStore({ path: events, decode: decodeEventData });
  const keys = openSqlitePersonKeys({ path: people });
  const sealed = sealedEventStore(store, createPersonalData(createPersonKeyring(keys, wrappingKey), personalRules));
  return {
    ...sealed,
    async close() {
      await sealed.close();
      await keys.close();
    },
  };
}
