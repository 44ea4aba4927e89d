import { LRUCache } from 'lru-cache';
import type { EventMetadata } from '../../domain/event.ts';
import type { EventToAppend } from '../../ports/event-store.ts';
import type { PersonalRules } from '../../ports/personal-data.ts';
import { addressField, hasAny, isData, mapFields } from './fields.ts';
import type { PersonKey, PersonKeyring } from './person-keyring.ts';
import { sealValue } from './sealed-text.ts';

export type MaybePromise<Value> = Value | Promise<Value>;

/** The same address of the same person is sealed once a minute: calls do not wait for it. */
const addressMs = 60_000;

/** What seals the events that are to be stored in a stream: each person's data with his own key, made where he has none. */
export function createSealing(keyring: PersonKeyring, { fieldsOf, personInData, personAtAddress }: PersonalRules) {
  const addresses = new LRUCache<string, string>({ max: 10_000, ttl: addressMs });

  const sealAddress = (key: PersonKey, visitor: string, { actor, remoteAddress = '' }: EventMetadata): string => {
    const id = `${actor} ${visitor} ${remoteAddress}`;
    const known = key === 'erased' ? undefined : addresses.get(id);
    if (known !== undefined) return known;
    // Most addresses are the actor's, and stand in every event.
    const text = sealValue(key, visitor, addressField, remoteAddress, { named: actor !== `user:${visitor}` });
    addresses.set(id, text);
    return text;
  };

  const sealEach = (plans: readonly Plan[], keys: ReadonlyMap<string, PersonKey>): readonly EventToAppend[] => {
    const keyOf = (person: string): PersonKey => {
      const key = keys.get(person);
      if (!key) throw new Error(`there is no key for ${person}`);
      return key;
    };
    return plans.map(({ event: { type, data, metadata }, fields, owner, visitor }) => {
      return {
        type,
        data:
          owner === undefined || !isData(data)
            ? data
            : mapFields(data, fields, (value, field) => sealValue(keyOf(owner), owner, field, value)),
        metadata:
          visitor === undefined
            ? metadata
            : { ...metadata, remoteAddress: sealAddress(keyOf(visitor), visitor, metadata) },
      };
    });
  };

  /** Answers at once where nothing is to be sealed or all keys are remembered: calls wait for nothing. */
  return (stream: string, events: readonly EventToAppend[]): MaybePromise<readonly EventToAppend[]> => {
    const people = new Set<string>();
    const plans = events.map((event): Plan => {
      const { type, data, metadata } = event;
      const told = { stream, type, data, metadata };
      const fields = fieldsOf(type).all;
      const owner = hasAny(data, fields) ? personInData(told) : undefined;
      const visitor = metadata.remoteAddress === undefined ? undefined : personAtAddress(told);
      if (owner !== undefined) people.add(owner);
      if (visitor !== undefined) people.add(visitor);
      return { event, fields, owner, visitor };
    });
    if (people.size === 0) return events;
    const known = keyring.remembered(people);
    return known ? sealEach(plans, known) : keyring.keysFor(people).then((keys) => sealEach(plans, keys));
  };
}

/** What of an event is to be sealed with whose key. */
interface Plan {
  readonly event: EventToAppend;
  readonly fields: readonly string[];
  readonly owner: string | undefined;
  readonly visitor: string | undefined;
}
