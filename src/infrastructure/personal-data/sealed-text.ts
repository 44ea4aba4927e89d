import { erasedMark } from '../../ports/personal-data.ts';
import { VaultDamaged } from '../../ports/vault.ts';
import { decrypt, encrypt } from '../vault/aes-gcm.ts';
import type { PersonKey } from './person-keyring.ts';

const shape = /^sealed:([^:]*):(v1\.[\w-]+)$/;

/** Stands for what cannot be opened: its key was lost without having been erased, or the text was changed. */
export const unreadableMark = '[unreadable]';

/**
 * A value as it is stored: `sealed:<id of the person>:` and the AES-256-GCM of its JSON text with the person's key. It
 * opens only as the same person's same field. Without the id where the event tells anyhow whose it is: `sealed::`.
 */
export function sealValue(
  key: PersonKey,
  person: string,
  field: string,
  value: unknown,
  { named = true }: { readonly named?: boolean } = {},
): string {
  if (key === 'erased') return erasedMark;
  const sealed = encrypt(key, Buffer.from(JSON.stringify(value)), ['personal data', person, field]);
  return `sealed:${named ? person : ''}:${sealed}`;
}

/** Id of the person whom a sealed value names; undefined for one that names nobody, or is not sealed. */
export function sealedFor(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.startsWith('sealed:')) return undefined;
  return shape.exec(value)?.[1] || undefined;
}

/**
 * A stored value as it was. What was stored before values were sealed passes, unless its person was erased.
 * @param person whose it is, where it names nobody
 */
export function openValue(
  keys: ReadonlyMap<string, PersonKey>,
  person: string | undefined,
  field: string,
  value: unknown,
): unknown {
  const [, named, sealed] = (typeof value === 'string' && shape.exec(value)) || [];
  const owner = named || person;
  const key = owner === undefined ? undefined : keys.get(owner);
  if (key === 'erased') return erasedMark;
  if (sealed === undefined) return value;
  if (owner === undefined || key === undefined) return unreadableMark;
  try {
    return JSON.parse(decrypt(key, sealed, ['personal data', owner, field]).toString());
  } catch (error) {
    if (error instanceof VaultDamaged) return unreadableMark;
    throw error;
  }
}
