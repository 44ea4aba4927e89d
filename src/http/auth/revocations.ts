import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Channels } from '../../ports/coordination.ts';
import type { EventStore, RecordedEvent } from '../../ports/event-store.ts';

const channel = 'revocations';
const capacity = 50_000;

/** Events that end a credential, on the stream that bears its id. */
const ending: ReadonlySet<string> = new Set(['SessionEnded', 'ApiKeyRevoked', 'OAuthGrantRevoked']);

const messageSchema = z.strictObject({ ended: z.string().min(1).max(200) });

/** What has ended, as its own process told before the log did. */
export interface Revocations {
  /** Whether a session, a key or a grant is known to have ended. False says nothing: the log knows. */
  has(id: string): boolean;
  close(): void;
}

/**
 * Listens for what other processes end. The log remains the truth, and is all there is while no messages come.
 * @param options.keptMs how long ids are remembered: as long as an access token may still be good
 * @param options.ended told of each that ends
 * @param options.missed told when messages may have been missed: what was read before is not to be relied on
 */
export async function listenForRevocations(
  channels: Channels,
  options: { readonly keptMs: number; readonly ended: (id: string) => void; readonly missed: () => void },
): Promise<Revocations> {
  const known = new LRUCache<string, true>({ max: capacity, ttl: options.keptMs });
  const subscription = await channels.subscribe(channel, {
    message(text) {
      const id = endedIn(text);
      if (id === undefined) return;
      known.set(id, true);
      options.ended(id);
    },
    gap: options.missed,
  });
  return { has: (id) => known.has(id), close: () => subscription.close() };
}

/** The same log, whose appends also tell the other processes at once what they have ended. */
export function tellRevocations(store: EventStore, channels: Channels): EventStore {
  const tell = ({ type, stream }: RecordedEvent): void => {
    if (!ending.has(type)) return;
    // Nobody waits for it, and it need not arrive: the log brings it as well.
    void channels.publish(channel, JSON.stringify({ ended: stream.slice(stream.indexOf('-') + 1) }));
  };
  return {
    ...(store.sparse !== undefined && { sparse: store.sparse }),
    atomicAppendMany: store.atomicAppendMany,
    async append(stream, expectedRevision, events) {
      const result = await store.append(stream, expectedRevision, events);
      result.events.forEach(tell);
      return result;
    },
    async appendMany(appends) {
      const result = await store.appendMany(appends);
      result.events.forEach(tell);
      return result;
    },
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    subscribe: (options) => store.subscribe(options),
    head: () => store.head(),
    positionAt: (timeMs) => store.positionAt(timeMs),
    close: () => store.close(),
  };
}

/** Undefined for what others say there. */
function endedIn(text: string): string | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data?.ended;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
