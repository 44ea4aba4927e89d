import type { EventBus } from '../../ports/event-bus.ts';
import type { AllSlice, EventStore, RecordedEvent, StreamAppend } from '../../ports/event-store.ts';
import type { PersonalDataSealing } from './personal-data.ts';
import type { MaybePromise } from './sealing.ts';

type LogReader = Pick<EventStore, 'readAll' | 'head' | 'close'>;
type Opening = Pick<PersonalDataSealing, 'open'>;

/** The same log: what is appended is sealed, what is read is opened. */
export function sealedEventStore(store: EventStore, personal: PersonalDataSealing): EventStore {
  return {
    ...(store.sparse !== undefined && { sparse: store.sparse }),
    atomicAppendMany: store.atomicAppendMany,
    async append(stream, expectedRevision, events) {
      const sealing = personal.seal(stream, events);
      const sealed = sealing instanceof Promise ? await sealing : sealing;
      return withOpened(personal, await store.append(stream, expectedRevision, sealed));
    },
    async appendMany(appends) {
      const sealed = await Promise.all(appends.map((append) => sealedAppend(personal, append)));
      return withOpened(personal, await store.appendMany(sealed));
    },
    readStream: async (stream, options) => personal.open(await store.readStream(stream, options)),
    readAll: async (options) => withOpened(personal, await store.readAll(options)),
    subscribe: (options) => openSlices(personal, store.subscribe(options)),
    head: () => store.head(),
    positionAt: (timeMs) => store.positionAt(timeMs),
    close: () => store.close(),
  };
}

/** The same log for reading, opened. */
export function openedLog(log: LogReader, personal: Opening): LogReader {
  return {
    readAll: async (options) => withOpened(personal, await log.readAll(options)),
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

/** What has events, with these opened; the same where nothing of them was sealed. */
function withOpened<Having extends { readonly events: readonly RecordedEvent[] }>(
  personal: Opening,
  having: Having,
): MaybePromise<Having> {
  const opening = personal.open(having.events);
  if (opening === having.events) return having;
  return Promise.resolve(opening).then((events) => ({ ...having, events }));
}

async function* openSlices(personal: Opening, slices: AsyncIterable<AllSlice>): AsyncGenerator<AllSlice> {
  for await (const slice of slices) yield await withOpened(personal, slice);
}
