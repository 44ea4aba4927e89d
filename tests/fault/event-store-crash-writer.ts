import { writeSync } from 'node:fs';
import { NO_STREAM, WrongExpectedRevision } from '../../src/ports/event-store.ts';
import type { AppendResult, EventStore } from '../../src/ports/event-store.ts';
import { createSqliteEventStore } from '../../src/infrastructure/event-store/sqlite/store.ts';
import { durableTransactions } from '../../src/infrastructure/event-store/sqlite/transactions.ts';
import { eventToAppend, eventsToAppend, newStream } from '../contract/event-store/helpers.ts';
import { early } from './early-transactions.ts';

/**
 * Appends under load until it is killed, and tells each acknowledged event on standard output, `<eventId> <position>`,
 * by a write that has reached the pipe when it returns.
 *
 * `early` is the negative control: a store that answers before it commits.
 */
const [path = '', mode] = process.argv.slice(2);

const store = createSqliteEventStore(
  { path, decode: (_type, _version, data) => data },
  mode === 'early' ? early : durableTransactions,
);

function acknowledge({ events }: AppendResult): void {
  writeSync(1, events.map(({ metadata, position }) => `${metadata.eventId} ${position}\n`).join(''));
}

/** New streams of three events, as executions have them. */
async function writeStreams(to: EventStore): Promise<never> {
  for (;;) {
    const stream = newStream('execution');
    for (let revision = NO_STREAM; revision < 2; revision++)
      acknowledge(await to.append(stream, revision, [eventToAppend()]));
  }
}

/** Several streams in one append, some of them large enough to need many pages. */
async function writeMany(to: EventStore): Promise<never> {
  for (let round = 0; ; round++) {
    const large = eventToAppend('Large', { text: 'x'.repeat((round % 5) * 5_000) });
    acknowledge(
      await to.appendMany([
        { stream: newStream('batch'), expectedRevision: NO_STREAM, events: [...eventsToAppend(3), large] },
        { stream: newStream('batch'), expectedRevision: NO_STREAM, events: eventsToAppend(2) },
      ]),
    );
  }
}

/** One stream over which several writers contend, also across restarts. */
async function contend(to: EventStore): Promise<never> {
  for (;;) {
    const [last] = await to.readStream('contended-1', { direction: 'backward', limit: 1 });
    try {
      acknowledge(await to.append('contended-1', last?.revision ?? NO_STREAM, [eventToAppend()]));
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}

await Promise.all([
  ...Array.from({ length: 5 }, () => writeStreams(store)),
  writeMany(store),
  contend(store),
  contend(store),
]);
