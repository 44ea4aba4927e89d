import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  jsonEvent,
  NO_STREAM,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import type { ResolvedEvent } from '@eventstore/db-client';
import type { KeptKey, PersonKeys } from '../../ports/person-keys.ts';
import { connect, type Connection } from '../event-store/esdb/connection.ts';
import { explainFailure } from '../event-store/esdb/failure.ts';
import { defaultTiming, retrying, type Timing } from '../event-store/esdb/timing.ts';

/** Streams asked for at one time. */
const together = 20;
const type = 'annals-person-key';

/**
 * Keys of people in EventStoreDB: a stream of one event for each, which is no part of our log, since its event does not
 * bear our metadata. An erased stream has a tombstone: it can be read no more and never begun anew, by whichever node. The
 * key's bytes leave the server's disk with its next scavenge.
 * @throws EngineUnfit the URL cannot be read
 */
export function openEsdbPersonKeys(options: { readonly url: string; readonly timing?: Partial<Timing> }): PersonKeys {
  const connection = connect(options.url, { ...defaultTiming, ...options.timing });
  return {
    async get(people) {
      connection.requireOpen();
      const found = new Map<string, KeptKey>();
      for (let start = 0; start < people.length; start += together) {
        const some = people.slice(start, start + together);
        const kept = await Promise.all(some.map((person) => read(connection, person)));
        some.forEach((person, index) => {
          const one = kept[index];
          if (one) found.set(person, one);
        });
      }
      return found;
    },

    async create(person, wrapped) {
      connection.requireOpen();
      const id = randomUUID();
      return retrying(connection.timing, async () => {
        await append(connection, person, id, wrapped);
        // Whoever was first, and whether an attempt before this one was recorded: the stream tells.
        const kept = await read(connection, person);
        if (!kept) throw new Error(`the key of ${person} is not where it was written`);
        return kept;
      });
    },

    async erase(person) {
      connection.requireOpen();
      await retrying(connection.timing, async () => {
        try {
          await connection.client.tombstoneStream(streamOf(person), {
            requiresLeader: true,
            deadline: connection.timing.callMs,
          });
        } catch (error) {
          if (!(error instanceof StreamDeletedError)) throw error;
        }
      });
    },

    close: () => connection.end(),
  };
}

async function append({ client, timing }: Connection, person: string, id: string, wrapped: string): Promise<void> {
  try {
    await client.appendToStream(streamOf(person), jsonEvent({ id, type, data: { wrapped } }), {
      expectedRevision: NO_STREAM,
      requiresLeader: true,
      deadline: timing.callMs,
    });
  } catch (error) {
    // There is a key, or there was one.
    if (!(error instanceof WrongExpectedVersionError || error instanceof StreamDeletedError)) throw error;
  }
}

/** From the leader: what was answered as kept is there, and what was answered as erased is not. */
async function read(connection: Connection, person: string): Promise<KeptKey | undefined> {
  return retrying(connection.timing, async () => {
    let kept: KeptKey | undefined;
    const options = { direction: BACKWARDS, fromRevision: END, maxCount: 1, requiresLeader: true } as const;
    try {
      await connection.read(
        (client) => client.readStream(streamOf(person), options),
        (resolved) => {
          kept = keptIn(resolved);
          return false;
        },
      );
    } catch (error) {
      const failure = explainFailure(error);
      if (failure.cause instanceof StreamDeletedError) return { status: 'erased' };
      throw failure;
    }
    return kept;
  });
}

function keptIn({ event }: ResolvedEvent): KeptKey {
  const data: unknown = event?.data;
  if (event?.type === type && typeof data === 'object' && data !== null && 'wrapped' in data) {
    if (typeof data.wrapped === 'string') return { status: 'kept', wrapped: data.wrapped };
  }
  throw new Error(`the stream ${event?.streamId ?? ''} does not hold a person's key`);
}

function streamOf(person: string): string {
  return `annalsPersonKey-${person}`;
}
