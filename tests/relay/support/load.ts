import { NO_STREAM } from '../../../src/ports/event-store.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { eventsToAppend, newStream } from '../../contract/event-store/helpers.ts';
import { pause } from '../../../src/infrastructure/event-bus/kafka/pause.ts';

/** Writes to twenty streams, again and again, until it is ended. */
export function startLoad(store: EventStore): { end(): Promise<void> } {
  const ending = new AbortController();
  const streams = Array.from({ length: 20 }, () => newStream());
  const writing = (async () => {
    for (let revision = NO_STREAM; !ending.signal.aborted; revision++) {
      await Promise.all(streams.map((stream) => store.append(stream, revision, eventsToAppend(1))));
      await pause(10, ending.signal);
    }
  })();
  return {
    async end() {
      ending.abort();
      await writing;
    },
  };
}
