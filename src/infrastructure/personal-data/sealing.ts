import { LRUCache } from 'lru-cache';
import type { EventToAppend } from '../../ports/event-store.ts';
import type { PersonalRules } from '../../ports/personal-data.ts';
import { addressField, hasAny, isData, mapFields } from './fields.ts';
import type { PersonKey, PersonKeyring } from './person-keyring.ts';
import { sealValue } from './sealed-text.ts';

/** The same address of the same person is sealed once a minute: calls do not wait for it. */
const addressMs = 60_000;

/** What seals the events that are to be stored in a stream: each person's data with his own key, made where he has none. */
export function createSealing(keyring: PersonKeyring, { fieldsOf, personInData, personAtAddress }: PersonalRules) {
  const addresses = new LRUCache<string, string>({ max: 10_000, ttl: addressMs });

  const sealAddress = (key: PersonKey, person: string, address: string): string => {
    const id = `${person} ${address}`;
    const known = key === 'erased' ? undefined : addresses.get(id);
    if (known !== undefined) return known;
    const text = sealValue(key, person, addressField, address);
    addresses.set(id, text);
    return text;
  };

  return async (stream: string, events: readonly EventToAppend[]): Promise<readonly EventToAppend[]> => {
    const people = new Set<string>();
    const plans = events.map((event) => {
      const told = { stream, type: event.type, data: event.data, metadata: event.metadata };
      const fields = fieldsOf(event.type).all;
      const owner = hasAny(event.data, fields) ? personInData(told) : undefined;
      const visitor = event.metadata.remoteAddress === undefined ? undefined : personAtAddress(told);
      if (owner !== undefined) people.add(owner);
      if (visitor !== undefined) people.add(visitor);
      return { event, fields, owner, visitor };
    });
    if (people.size === 0) return events;
    const keys = await keyring.keysFor(people);
    const keyOf = (person: string): PersonKey => {
      const key = keys.get(person);
      if (!key) throw new Error(`there is no key for ${person}`);
      return key;
    };
    return plans.map(({ event: { type, data, metadata }, fields, owner, visitor }) => {
      const { remoteAddress } = metadata;
      return {
        type,
        data:
          owner === undefined || !isData(data)
            ? data
            : mapFields(data, fields, (value, field) => sealValue(keyOf(owner), owner, field, value)),
        metadata:
          visitor === undefined || remoteAddress === undefined
            ? metadata
            : { ...metadata, remoteAddress: sealAddress(keyOf(visitor), visitor, remoteAddress) },
      };
    });
  };
}
