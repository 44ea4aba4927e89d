import type { RecordedEvent } from '../../ports/event-store.ts';
import type { PersonalData, PersonalRules } from '../../ports/personal-data.ts';
import { addressField, isData, mapFields, type Data } from './fields.ts';
import type { PersonKey, PersonKeyring } from './person-keyring.ts';
import { openValue, sealedFor } from './sealed-text.ts';
import type { MaybePromise } from './sealing.ts';

type Keys = ReadonlyMap<string, PersonKey>;

/** An event, and what of it is to be opened. */
interface Asked {
  readonly event: RecordedEvent;
  readonly fields: readonly string[];
  readonly address: boolean;
}

/** What opens events that were stored: for those who read the log, and for showing. */
export function createOpening(keyring: PersonKeyring, rules: PersonalRules) {
  async function opened(asked: readonly Asked[]): Promise<readonly RecordedEvent[]> {
    const people = new Set<string>();
    for (const { event, fields, address } of asked) {
      const data = fields.length > 0 ? readable(event) : undefined;
      const { remoteAddress } = event.metadata;
      for (const field of fields) if (data) add(people, sealedFor(data[field]) ?? rules.personInData(event));
      if (address && remoteAddress !== undefined) add(people, sealedFor(remoteAddress) ?? visitorOf(event));
    }
    if (people.size === 0) return asked.map(({ event }) => event);
    const keys = await keyring.keysOf(people);
    return asked.map(({ event, fields, address }) => {
      const shown = withData(keys, event, fields);
      return address ? withAddress(keys, shown) : shown;
    });
  }

  function withData(keys: Keys, event: RecordedEvent, fields: readonly string[]): RecordedEvent {
    const data = fields.length > 0 ? readable(event) : undefined;
    if (!data) return event;
    const person = rules.personInData(event);
    return { ...event, data: mapFields(data, fields, (value, field) => openValue(keys, person, field, value)) };
  }

  function withAddress(keys: Keys, event: RecordedEvent): RecordedEvent {
    const { position, stream, revision, type, metadata } = event;
    if (metadata.remoteAddress === undefined) return event;
    return {
      position,
      stream,
      revision,
      type,
      // Looked at only by who wants it: data that cannot be decoded throws.
      get data() {
        return event.data;
      },
      metadata: { ...metadata, remoteAddress: openAddress(keys, visitorOf(event), metadata.remoteAddress) },
    };
  }

  function visitorOf(event: RecordedEvent): string | undefined {
    const { stream, type, metadata } = event;
    return rules.personAtAddress({ stream, type, metadata, data: readable(event) });
  }

  return {
    open(events: readonly RecordedEvent[]): MaybePromise<readonly RecordedEvent[]> {
      const isPersonal = ({ type }: RecordedEvent): boolean => rules.fieldsOf(type).personal.length > 0;
      if (!events.some(isPersonal)) return events;
      return opened(events.map((event) => ({ event, fields: rules.fieldsOf(event.type).personal, address: false })));
    },

    reveal(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
      return opened(events.map((event) => ({ event, fields: rules.fieldsOf(event.type).all, address: true })));
    },

    async revealTraces(traces: Parameters<PersonalData['revealTraces']>[0]): Promise<readonly (string | null)[]> {
      const people = new Set<string>();
      for (const { person, text } of traces) if (text !== null) add(people, sealedFor(text) ?? person);
      const keys = await keyring.keysOf(people);
      return traces.map(({ person, text }) => (text === null ? null : openAddress(keys, person, text)));
    },
  };
}

function openAddress(keys: Keys, person: string | undefined, text: string): string {
  return String(openValue(keys, person, addressField, text));
}

/** Undefined where the data has no fields; whoever looks at data that cannot be decoded is told by the event itself. */
function readable(event: RecordedEvent): Data | undefined {
  try {
    const { data } = event;
    return isData(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function add(people: Set<string>, person: string | undefined): void {
  if (person !== undefined) people.add(person);
}
