import { MongoClient, type Db, type Document, type MongoClientOptions } from 'mongodb';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { unfit } from './failure.ts';

/** Where documents are kept when the URL names no database. */
const DATABASE = 'annals';

/**
 * What a URL cannot change. Monitors ask each server again and again; one that is silent for longer than a while counts
 * as away and ends whatever waits for it, so that only statements which are slow by themselves need the long time.
 */
const OPTIONS = {
  appName: 'annals',
  readPreference: 'primary',
  readConcern: { level: 'majority' },
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 5_000 },
  retryReads: true,
  retryWrites: true,
  minHeartbeatFrequencyMS: 100,
  waitQueueTimeoutMS: 5_000,
  socketTimeoutMS: 60_000,
  maxPoolSize: 10,
  monitorCommands: false,
} as const satisfies MongoClientOptions;

/** A way to one database, taken when it is first needed. */
export interface MongoConnection {
  /** Of the servers that the URL names, without anything secret. */
  readonly address: string;
  /** What the URL says the replica set is called. */
  readonly replicaSet: string | undefined;
  /** @throws EngineUnfit the URL is none; MongoError */
  client(): Promise<MongoClient>;
  /** @throws EngineUnfit the URL is none; MongoError */
  db(): Promise<Db>;
  /** How long a server that is away is waited for, in milliseconds. */
  readonly patienceMs: number;
  /** What the servers have last said of themselves, also those that the client library does not use. */
  hellos(): readonly Document[];
  close(): Promise<void>;
}

/** Never fails: a URL that is none is told by whatever is asked of it. */
export function mongoConnection(url: string, patienceMs: number): MongoConnection {
  const hellos = new Map<string, Document>();
  const { address, replicaSet } = describe(url);
  const options = { ...OPTIONS, ...timing(patienceMs) };
  let connecting: Promise<MongoClient> | undefined;
  let isClosed = false;

  function client(): Promise<MongoClient> {
    if (isClosed) throw new StoreUnavailable('the connection to MongoDB is closed');
    connecting ??= connect().catch((error: unknown) => {
      // A client that could not connect never will; the next one may.
      connecting = undefined;
      throw error;
    });
    return connecting;
  }

  async function connect(): Promise<MongoClient> {
    const fresh = clientFor(url, options);
    fresh.on('serverHeartbeatSucceeded', ({ connectionId, reply }) => hellos.set(connectionId, reply));
    fresh.on('serverHeartbeatFailed', ({ connectionId }) => hellos.delete(connectionId));
    try {
      return await fresh.connect();
    } catch (error) {
      await fresh.close();
      throw error;
    }
  }

  return {
    address,
    replicaSet,
    patienceMs,
    client,
    db: async () => (await client()).db(databaseIn(url)),
    hellos: () => [...hellos.values()],
    async close() {
      isClosed = true;
      const open = await connecting?.catch(() => undefined);
      await open?.close();
    },
  };
}

function describe(url: string): Pick<MongoConnection, 'address' | 'replicaSet'> {
  try {
    const { hosts, srvHost, replicaSet } = clientFor(url, OPTIONS).options;
    return { address: srvHost ?? hosts.map(String).join(', '), replicaSet };
  } catch (error) {
    if (error instanceof EngineUnfit) return { address: 'nowhere', replicaSet: undefined };
    throw error;
  }
}

/** The parser's own error may carry the URL, and the password in it, along: it is told in other words. */
function clientFor(url: string, options: MongoClientOptions): MongoClient {
  try {
    return new MongoClient(url, options);
  } catch (error) {
    const detail = error instanceof Error && /unescaped|percent/i.test(error.message);
    throw unfit(
      detail
        ? 'the connection string holds characters in its user name or password that must be percent-encoded'
        : 'this is not the connection string of a MongoDB, such as mongodb://user:password@host:27017/annals?replicaSet=rs0',
    );
  }
}

function timing(patienceMs: number): MongoClientOptions {
  const silenceMs = Math.max(500, Math.round(patienceMs / 2));
  return { serverSelectionTimeoutMS: patienceMs, connectTimeoutMS: silenceMs, heartbeatFrequencyMS: silenceMs };
}

function databaseIn(url: string): string {
  const name = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^/?]+)/.exec(url)?.[1];
  return name === undefined ? DATABASE : decodeURIComponent(name);
}
