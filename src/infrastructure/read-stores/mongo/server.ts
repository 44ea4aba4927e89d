import { MongoServerSelectionError, type Document } from 'mongodb';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import type { MongoConnection } from './connection.ts';
import { unfit } from './failure.ts';

/** The oldest whose sorted queries may use the disk, and whose transactions are those used here. */
const OLDEST = [4, 4] as const;

export interface MongoServer {
  readonly version: string;
}

/**
 * Asks a server whether it can hold read models.
 * @throws EngineUnfit it cannot, as it or its URL is set up; MongoError it cannot be reached
 */
export async function askServer(connection: MongoConnection): Promise<MongoServer> {
  try {
    const db = await connection.db();
    requireReplicaSet(await db.command({ hello: 1 }), connection);
    const { version } = await db.command({ buildInfo: 1 });
    requireVersion(String(version), connection);
    return { version: String(version) };
  } catch (error) {
    throw refusal(error, connection) ?? error;
  }
}

/** How a server is set up otherwise than the URL says, when that is why none was found. */
function refusal(error: unknown, connection: MongoConnection): EngineUnfit | undefined {
  if (!(error instanceof MongoServerSelectionError)) return undefined;
  // The client library leaves aside servers that are not what the URL says, and finds none then.
  for (const hello of connection.hellos()) {
    try {
      requireReplicaSet(hello, connection);
    } catch (found) {
      if (found instanceof EngineUnfit) return found;
      throw found;
    }
  }
  return undefined;
}

/** Transactions take one, or the router of a sharded cluster. https://www.mongodb.com/docs/manual/core/transactions/ */
function requireReplicaSet(hello: Document, { address, replicaSet }: MongoConnection): void {
  const { setName, msg, isreplicaset } = hello;
  if (msg === 'isdbgrid') return;
  if (isreplicaset === true) {
    throw unfit(`the replica set of MongoDB at ${address} was not begun yet: run rs.initiate() there`);
  }
  if (typeof setName !== 'string') {
    throw unfit(
      `MongoDB must run as a replica set (one member will do), and that at ${address} does not: start it with ` +
        '--replSet rs0, run rs.initiate() once, and say ?replicaSet=rs0 in ANNALS_DOCUMENTS_URL',
    );
  }
  if (replicaSet !== undefined && replicaSet !== setName) {
    throw unfit(
      `the replica set of MongoDB at ${address} is ${setName}, not ${replicaSet}: ` +
        `say ?replicaSet=${setName} in ANNALS_DOCUMENTS_URL`,
    );
  }
}

function requireVersion(version: string, { address }: MongoConnection): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw unfit(`MongoDB at ${address} is ${version}; read models need ${OLDEST.join('.')} or newer`);
}
