import type { EventBus } from '../../ports/event-bus.ts';
import type { AllSlice, AppendResult, EventStore, EventToAppend, StreamAppend } from '../../ports/event-store.ts';
import type { PersonalDataSealing } from './personal-data.ts';

type LogReader = Pick<EventStore, 'readAll' | 'head' | 'close'>;
type Opening = Pick<PersonalDataSealing, 'open'>;

/** The same log: what is appended is sealed, what is read is opened. */
export function sealedEventStore(store: EventStore, personal: PersonalDataSealing): EventStore {
  return {
    ...(store.sparse !== undefined && { sparse: store.sparse }),
    atomicAppendMany: store.atomicAppendMany,
    async append(stream, expectedRevision, events) {
      const sealed = await personal.seal(stream, events);
      const result = await store.append(stream, expectedRevision, sealed);
      return sealed === events ? result : asGiven(personal, result, events);
    },
    async appendMany(appends) {
      const sealed = await Promise.all(appends.map((append) => sealedAppend(personal, append)));
      const events = appends.flatMap((append) => append.events);
      return asGiven(personal, await store.appendMany(sealed), events);
    },
    readStream: async (stream, options) => personal.open(await store.readStream(stream, options)),
    readAll: async (options) => openSlice(personal, await store.readAll(options)),
    subscribe: (options) => openSlices(personal, store.subscribe(options)),
    head: () => store.head(),
    positionAt: (timeMs) => store.positionAt(timeMs),
    close: () => store.close(),
  };
}

/** The same log for reading, opened. */
export function openedLog(log: LogReader, personal: Opening): LogReader {
  return {
    readAll: async (options) => openSlice(personal, await log.readAll(options)),
    head: () => log.head(),
    close: () => log.close(),
  };
}

/** The same bus, whose events are opened. */
export function openedBus(bus: EventBus, personal: Opening): EventBus {
  return {
    subscribe: (options) => openSlices(personal, bus.subscribe(options)),
    close: () => bus.close(),
  };
}

async function sealedAppend(personal: PersonalDataSealing, append: StreamAppend): Promise<StreamAppend> {
  return { ...append, events: await personal.seal(append.stream, append.events) };
}

/** What was just recorded is what was given; what had been recorded before is opened. */
async function asGiven(
  personal: Opening,
  result: AppendResult,
  given: readonly EventToAppend[],
): Promise<AppendResult> {
  if (result.repeated) return { ...result, events: await personal.open(result.events) };
  const events = result.events.map((event, index) => ({ ...event, data: given[index]?.data ?? event.data }));
  return { ...result, events };
}

async function openSlice(personal: Opening, slice: AllSlice): Promise<AllSlice> {
  const events = await personal.open(slice.events);
  return events === slice.events ? slice : { ...slice, events };
}

async function* openSlices(personal: Opening, slices: AsyncIterable<AllSlice>): AsyncGenerator<AllSlice> {
  for await (const slice of slices) yield await openSlice(personal, slice);
}
