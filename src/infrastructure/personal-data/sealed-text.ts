import { erasedMark } from '../../ports/personal-data.ts';
import { VaultDamaged } from '../../ports/vault.ts';
import { decrypt, encrypt } from '../vault/aes-gcm.ts';
import type { PersonKey } from './person-keyring.ts';

const shape = /^sealed:([^:]+):(v1\.[\w-]+)$/;

/** Stands for what cannot be opened: its key was lost without having been erased, or the text was changed. */
export const unreadableMark = '[unreadable]';

/**
 * A value as it is stored: `sealed:<id of the person>:` and the AES-256-GCM of its JSON text with the person's key. It
 * opens only as the same person's same field.
 */
export function sealValue(key: PersonKey, person: string, field: string, value: unknown): string {
  if (key === 'erased') return erasedMark;
  return `sealed:${person}:${encrypt(key, Buffer.from(JSON.stringify(value)), ['personal data', person, field])}`;
}

/** Id of the person with whose key a stored value is sealed; undefined for one that is not. */
export function sealedFor(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('sealed:') ? shape.exec(value)?.[1] : undefined;
}

/**
 * A stored value as it was. What was stored before values were sealed passes, unless its person was erased.
 * @param person whose it is, where it is not sealed
 */
export function openValue(
  keys: ReadonlyMap<string, PersonKey>,
  person: string | undefined,
  field: string,
  value: unknown,
): unknown {
  const [, owner, sealed] = (typeof value === 'string' && shape.exec(value)) || [];
  if (owner === undefined || sealed === undefined) {
    return person !== undefined && keys.get(person) === 'erased' ? erasedMark : value;
  }
  const key = keys.get(owner);
  if (key === 'erased') return erasedMark;
  if (key === undefined) return unreadableMark;
  try {
    return JSON.parse(decrypt(key, sealed, ['personal data', owner, field]).toString());
  } catch (error) {
    if (error instanceof VaultDamaged) return unreadableMark;
    throw error;
  }
}
