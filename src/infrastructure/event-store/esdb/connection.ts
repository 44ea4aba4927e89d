import { EventStoreDBClient, StreamNotFoundError, type ResolvedEvent, type StreamingRead } from '@eventstore/db-client';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { checkedUrl, unfit } from './connection-url.ts';
import { explainFailure, StoreClosed } from './failure.ts';
import type { Timing } from './timing.ts';

/** The client with what it lacks: bounded reads, and an end. */
export interface Connection {
  readonly client: EventStoreDBClient;
  readonly timing: Timing;
  /**
   * Hands over what a read finds until it ends or `accept` answers false. A stream that does not exist has no events.
   * @throws StoreUnavailable nothing came for as long as a call may take
   */
  read(open: (client: EventStoreDBClient) => StreamingRead<ResolvedEvent>, accept: Accept): Promise<void>;
  /** What the server says it is, such as `24.10.1`; `unknown` when it does not say. */
  version(): Promise<string>;
  requireOpen(): void;
  /** Refuses what comes from now on. */
  refuse(): void;
  /** Ends what is under way. */
  end(): Promise<void>;
}

type Accept = (event: ResolvedEvent) => boolean;

/** Connects with the first call. @throws EngineUnfit the connection string cannot be read */
export function connect(url: string, timing: Timing): Connection {
  const client = clientOf(checkedUrl(url));
  const ending = new AbortController();
  let closed = false;

  const requireOpen = (): void => {
    if (closed) throw new StoreClosed();
  };

  const bounded = <Result>(work: Promise<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      const late = (): void => reject(new StoreUnavailable('EventStoreDB does not answer in time'));
      const timer = setTimeout(late, timing.callMs);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });

  return {
    client,
    timing,
    requireOpen,
    read: (open, accept) => readUntil(() => open(client), accept, timing.callMs, ending.signal),
    version: async () => {
      requireOpen();
      // Known to the client and not told by it.
      const features: unknown = await bounded(Promise.resolve(Reflect.get(client, 'capabilities'))).catch(
        (error: unknown) => {
          throw explainFailure(error);
        },
      );
      const version: unknown =
        typeof features === 'object' && features !== null && Reflect.get(features, 'serverVersion');
      return typeof version === 'string' ? version : 'unknown';
    },
    refuse: () => {
      closed = true;
    },
    end: async () => {
      closed = true;
      ending.abort(new StoreClosed());
      await client.dispose();
      await closeChannel(client);
    },
  };
}

function clientOf(url: string): EventStoreDBClient {
  let client: EventStoreDBClient;
  try {
    client = EventStoreDBClient.connectionString(url);
  } catch (error) {
    // The client's words would quote the string, and its password.
    const missing = error instanceof Error && error.message.startsWith('Failed to load certificate');
    throw unfit(missing ? 'names a certificate or key file that is not there' : 'cannot be read');
  }
  // Its batched appends settle under one list for all clients of the process, which one broken connection empties for
  // all, and an answer that finds itself gone from the list ends the process. Single appends have none of this.
  Object.assign(client, { supports: () => Promise.resolve(false) });
  return client;
}

/** The client leaves its connection open; an idle one would be kept alive for ever. */
async function closeChannel(client: EventStoreDBClient): Promise<void> {
  const channelOf: unknown = Reflect.get(client, 'getChannel');
  if (typeof channelOf !== 'function') return;
  const channel = await Promise.resolve((channelOf as () => Promise<unknown>)()).catch(() => undefined);
  if (typeof channel === 'object' && channel !== null && 'close' in channel && typeof channel.close === 'function') {
    Reflect.apply(channel.close, channel, []);
  }
}

function readUntil(
  open: () => StreamingRead<ResolvedEvent>,
  accept: Accept,
  callMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new StoreClosed());
    const stream = open();
    let done = false;
    const finish = (error?: unknown): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      // The call goes on without it when the read ends early. It may have failed already: there is nothing to cancel then.
      stream.cancel().catch(() => undefined);
      if (error === undefined || error instanceof StreamNotFoundError) resolve();
      else reject(explainFailure(error));
    };
    const onAbort = (): void => finish(new StoreClosed());
    const timer = setTimeout(() => finish(new StoreUnavailable('EventStoreDB does not answer in time')), callMs);
    signal.addEventListener('abort', onAbort);
    // Stays: errors that come after the end have nobody else to hear them.
    stream.on('error', finish);
    stream.on('end', () => finish());
    stream.on('data', (event: ResolvedEvent) => {
      if (done) return;
      timer.refresh();
      try {
        if (!accept(event)) finish();
      } catch (error) {
        finish(error);
      }
    });
  });
}
