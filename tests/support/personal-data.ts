import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { personalRules } from '../../src/app/personal-rules.ts';
import { createPersonKeyring } from '../../src/infrastructure/personal-data/person-keyring.ts';
import { createPersonalData, type PersonalDataSealing } from '../../src/infrastructure/personal-data/personal-data.ts';
import { openSqlitePersonKeys } from '../../src/infrastructure/personal-data/sqlite-person-keys.ts';
import type { PersonKeys } from '../../src/ports/person-keys.ts';

/** Sealing of personal data with keys in a directory, and what keeps them. */
export function openPersonalDataIn(dir: string): { readonly personal: PersonalDataSealing; readonly keys: PersonKeys } {
  const keys = openSqlitePersonKeys({ path: join(dir, 'people.sqlite') });
  return { personal: createPersonalData(createPersonKeyring(keys, randomBytes(32)), personalRules), keys };
}
