import type { Probe } from '../../ports/engine-probe.ts';
import { EngineUnfit } from '../../ports/engine-probe.ts';
import type { AppendResult, DecodeEventData, EventStore, Position, StreamAppend } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import { appendEvents } from './esdb/append.ts';
import { connect } from './esdb/connection.ts';
import { StoreClosed } from './esdb/failure.ts';
import { lastOwnEvent, readSlice, readStreamEvents } from './esdb/reads.ts';
import { follow } from './esdb/subscription.ts';
import { Tail } from './esdb/tail.ts';
import { defaultTiming, type Timing } from './esdb/timing.ts';
import { requireLimit } from './read-options.ts';
import { prepareAppend } from './prepared-append.ts';

export interface EventStoreDbOptions {
  /** `esdb://` or `kurrentdb://`, with hosts, user, TLS and keep-alive options as the server's manual says. */
  readonly url: string;
  readonly decode: DecodeEventData;
  readonly logger?: Pick<Logger, 'warn'>;
  readonly timing?: Partial<Timing>;
}

/**
 * The event store on EventStoreDB or KurrentDB, 22.6 or newer. Any number of processes may write to it. Positions are
 * places in the server's log, with gaps between them. It connects with the first call; while the server is away, calls
 * throw StoreUnavailable after a few seconds, and followers wait.
 * @throws EngineUnfit the URL cannot be read
 */
export function openEventStoreDb({ url, decode, logger, timing }: EventStoreDbOptions): EventStore & Probe {
  const connection = connect(url, { ...defaultTiming, ...timing });
  const tail = new Tail(connection, decode, logger);
  const appending = new Set<Promise<unknown>>();
  /** The head as it was seen last: it is looked for no further back. */
  let knownHead: Position = 0;

  const append = async (toAppend: StreamAppend): Promise<AppendResult> => {
    const prepared = prepareAppend(toAppend, decode);
    connection.requireOpen();
    const work = appendEvents(connection, decode, prepared);
    appending.add(work);
    try {
      return await work;
    } finally {
      appending.delete(work);
    }
  };

  return {
    sparse: true,
    atomicAppendMany: false,

    append: (stream, expectedRevision, events) => append({ stream, expectedRevision, events }),

    appendMany: async (appends) => {
      const [only, ...others] = appends;
      if (only === undefined || others.length > 0) {
        throw new TypeError('EventStoreDB appends to one stream at a time');
      }
      return append(only);
    },

    readStream: async (stream, options = {}) => {
      connection.requireOpen();
      requireLimit(options.limit ?? 1);
      return (await readStreamEvents(connection, decode, stream, options)).map(({ event }) => event);
    },

    readAll: async (options) => {
      connection.requireOpen();
      requireLimit(options.limit);
      return readSlice(connection, decode, options);
    },

    subscribe: (options) => follow(connection, decode, tail, appending, options),

    head: async () => {
      connection.requireOpen();
      const last = await lastOwnEvent(connection, decode, () => true, knownHead);
      knownHead = Math.max(knownHead, last?.event.position ?? 0);
      return knownHead;
    },

    positionAt: async (timeMs) => {
      connection.requireOpen();
      const last = await lastOwnEvent(connection, decode, ({ createdMs }) => createdMs <= timeMs);
      return last?.event.position ?? 0;
    },

    ping: async () => {
      const version = await connection.version();
      const begun = performance.now();
      await lastOwnEvent(connection, decode, () => true, knownHead);
      const latencyMs = performance.now() - begun;
      const [major = 0, minor = 0] = version.split('.').map(Number);
      if (major < 22 || (major === 22 && minor < 6)) {
        throw new EngineUnfit(`EventStoreDB ${version} is too old: 22.6 is the oldest that tells positions of streams`);
      }
      return { engine: major >= 25 ? 'KurrentDB' : 'EventStoreDB', version, latencyMs };
    },

    close: async () => {
      connection.refuse();
      tail.close(new StoreClosed());
      await Promise.allSettled(appending);
      await connection.end();
    },
  };
}
