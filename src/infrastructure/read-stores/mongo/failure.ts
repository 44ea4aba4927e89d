import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';

/**
 * What a failure says: the server could not be reached or the way to it was lost, others were in the way and it may go
 * better at once, the server does not serve now, it refuses whoever asks, or what was asked is at fault.
 */
type Kind = 'lost' | 'conflict' | 'unavailable' | 'refused' | 'statement';

/** Nothing changes before an operator has done something. */
const UNFIT_RETRY_MS = 5_000;

const AUTHENTICATION_FAILED = 'user or password are wrong';

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const REASONS: ReadonlyMap<number, readonly [Kind, string]> = new Map([
  [24, ['conflict', 'somebody else holds a lock on it']],
  [112, ['conflict', 'somebody else writes the same']],
  [246, ['conflict', 'its collections are being changed']],
  [251, ['conflict', 'the transaction was ended']],
  [6, ['lost', 'a member of the replica set cannot be reached']],
  [7, ['lost', 'a member of the replica set cannot be found']],
  [89, ['lost', 'a member of the replica set does not answer']],
  [91, ['lost', 'it is shutting down']],
  [189, ['lost', 'its primary has stepped down']],
  [9001, ['lost', 'a connection within the replica set was lost']],
  [10107, ['lost', 'it has another primary']],
  [11600, ['lost', 'it is shutting down']],
  [11602, ['lost', 'its primary has stepped down']],
  [13435, ['lost', 'it has another primary']],
  [13436, ['lost', 'it is recovering']],
  [46, ['unavailable', 'somebody else holds a lock on it']],
  [50, ['unavailable', 'it took too long']],
  [64, ['unavailable', 'too few members of the replica set confirm writes']],
  [100, ['unavailable', 'the replica set has too few members to confirm writes']],
  [134, ['unavailable', 'the replica set has no majority']],
  [215, ['unavailable', 'the database is being dropped']],
  [262, ['unavailable', 'it took too long']],
  [290, ['unavailable', 'the transaction took too long']],
  [14031, ['unavailable', 'its disk is full']],
  [8, ['unavailable', 'it reports an unknown error']],
  [13, ['refused', 'the user may not do this']],
  [18, ['refused', AUTHENTICATION_FAILED]],
  [20, ['refused', 'it has no transactions, which take a replica set']],
  [8000, ['refused', AUTHENTICATION_FAILED]],
]);

/** A failure of the client library without what it carries along: documents, and how the connection is set up. */
class MongoFailure extends Error {
  override readonly name = 'MongoFailure';
  readonly kind: Kind;
  /** The server's number for it; undefined when it did not come from a server. */
  readonly code: number | undefined;
  readonly reason: string;

  constructor(kind: Kind, reason: string, message: string, code: number | undefined) {
    super(message);
    this.kind = kind;
    this.reason = reason;
    this.code = code;
  }
}

/** What a client library's error means; any other error comes back unchanged. */
function mongoFailure(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  const code = typeof error.code === 'number' ? error.code : undefined;
  const [kind, reason] = meaningOf(error, code);
  return new MongoFailure(kind, reason, error.message, code);
}

function meaningOf(error: MongoError, code: number | undefined): readonly [Kind, string] {
  if (error instanceof MongoServerSelectionError) return ['lost', `it cannot be reached (${error.message})`];
  if (error instanceof MongoNetworkError) return ['lost', 'the connection was lost'];
  // Of what is not a server's answer, bulk writes keep the words alone.
  if (error instanceof MongoBulkWriteError && code === undefined) return ['lost', error.message];
  if (error instanceof MongoNotConnectedError || error instanceof MongoTopologyClosedError) {
    return ['unavailable', 'the connection is closed'];
  }
  const known = code === undefined ? undefined : REASONS.get(code);
  if (known !== undefined) return known;
  if (error.hasErrorLabel('TransientTransactionError')) return ['conflict', error.message];
  if (error.hasErrorLabel('RetryableWriteError')) return ['lost', error.message];
  if (error instanceof MongoWriteConcernError) return ['unavailable', error.message];
  return [error instanceof MongoServerError || !isOfConnection(error) ? 'statement' : 'unavailable', error.message];
}

/** The client's own errors about connections have no common class. */
function isOfConnection({ name }: MongoError): boolean {
  return /WaitQueueTimeout|PoolClosed|PoolCleared|ServerClosed|TopologyClosed|ExpiredSession|ClientClosed/.test(name);
}

/** Whether the same may go well at once, when it is begun anew. */
export function isPassing(error: unknown): boolean {
  const failure = mongoFailure(error);
  return failure instanceof MongoFailure && (failure.kind === 'lost' || failure.kind === 'conflict');
}

/** Whether the server says so by this number. */
export function hasCode(error: unknown, code: number): boolean {
  return error instanceof MongoError && error.code === code;
}

/**
 * StoreUnavailable when the server or the way to it failed, EngineUnfit when it refuses this program; any other error,
 * being one of what was asked, comes back without what the client library added. `what` begins the message: "the read
 * model things cannot be read".
 */
export function explainFailure(what: string, error: unknown): unknown {
  const failure = mongoFailure(error);
  if (!(failure instanceof MongoFailure) || failure.kind === 'statement') return failure;
  const message = `${what}: ${failure.reason}`;
  return failure.kind === 'refused'
    ? new EngineUnfit(message, { cause: failure, retryAfterMs: UNFIT_RETRY_MS })
    : new StoreUnavailable(message, { cause: failure });
}

/** Why a database cannot be used, as an operator would say it. */
export function unfit(message: string): EngineUnfit {
  return new EngineUnfit(message, { retryAfterMs: UNFIT_RETRY_MS });
}
