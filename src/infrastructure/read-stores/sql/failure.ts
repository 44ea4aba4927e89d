import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';

/**
 * What a failure says: the server could not be reached, a connection ended in the middle, no answer came in time,
 * others were in the way, somebody holds a lock, the server does not serve now, it refuses whoever asks, or the
 * statement is at fault.
 */
type Kind = 'unreachable' | 'lost' | 'silent' | 'conflict' | 'locked' | 'unavailable' | 'forbidden' | 'statement';

/** How often something is tried that fails like this; anything else once. A lock has been waited for each time. */
const TRIES: Partial<Record<Kind, number>> = { lost: 3, conflict: 4, locked: 2 };

const NO_SUCH_TABLE = 1146;

/** Server errors that say nothing about the statement. https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
const REASONS: ReadonlyMap<number, readonly [Kind, string]> = new Map([
  [1213, ['conflict', 'a deadlock']],
  [1205, ['locked', 'somebody else holds a lock on it']],
  [1021, ['unavailable', 'its disk is full']],
  [1030, ['unavailable', 'its storage engine reports an error']],
  [1037, ['unavailable', 'its memory has run out']],
  [1038, ['unavailable', 'its memory for sorting has run out']],
  [1040, ['unavailable', 'it has too many connections']],
  [1041, ['unavailable', 'its memory has run out']],
  [1114, ['unavailable', 'its disk or table space is full']],
  [1129, ['unavailable', 'it has blocked this host after too many failed connections']],
  [1180, ['unavailable', 'it could not commit']],
  [1203, ['unavailable', 'the user has too many connections']],
  [1226, ['unavailable', 'the user has used up what is allowed in an hour']],
  [1290, ['unavailable', 'it runs with an option that forbids this, such as read-only']],
  [1317, ['unavailable', 'the statement was interrupted']],
  [1665, ['unavailable', 'its binlog_format is STATEMENT, which READ COMMITTED does not go with: set it to ROW']],
  [1836, ['unavailable', 'it is read-only']],
  [1969, ['unavailable', 'the statement took too long']],
  [3024, ['unavailable', 'the statement took too long']],
  [1053, ['lost', 'it is shutting down']],
  [1077, ['lost', 'it is shutting down']],
  [1079, ['lost', 'it is shutting down']],
  [1152, ['lost', 'the connection was ended']],
  [1158, ['lost', 'the connection was ended']],
  [1159, ['lost', 'the connection was ended']],
  [1160, ['lost', 'the connection was ended']],
  [1161, ['lost', 'the connection was ended']],
  [1927, ['lost', 'the connection was ended by an operator']],
  [4031, ['lost', 'the connection was idle for too long']],
  [1044, ['forbidden', 'the user may not use this database']],
  [1045, ['forbidden', 'user or password are wrong']],
  [1049, ['forbidden', 'there is no such database']],
  [1130, ['forbidden', 'it takes no connections from this host']],
  [1142, ['forbidden', 'the user may not do this']],
  [1227, ['forbidden', 'the user may not do this']],
  [1251, ['forbidden', 'its way to authenticate is not known']],
  [1698, ['forbidden', 'user or password are wrong']],
]);

/** A failure of the client library without what it carries along: the statement with everybody's data, the password. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';
  readonly kind: Kind;
  /** The server's number for it; undefined when it did not come from a server. */
  readonly errno: number | undefined;
  readonly reason: string;

  constructor(kind: Kind, reason: string, message: string, errno?: number) {
    super(message);
    this.kind = kind;
    this.reason = reason;
    this.errno = errno;
  }

  /** Nothing can be said on the connection any more, and what was said last may have been done or not. */
  get endsConnection(): boolean {
    return this.kind === 'lost' || this.kind === 'silent';
  }
}

/** Whether what has failed like this, at the try of this number (from 1), may go well at the next one. */
export function mayPass(error: unknown, tried: number): boolean {
  return error instanceof SqlFailure && tried < (TRIES[error.kind] ?? 1);
}

/** What a client library's error means. Server errors are told by number: MariaDB's numbers have other names there. */
export function sqlFailure(error: unknown, { connecting = false } = {}): SqlFailure {
  if (error instanceof SqlFailure) return error;
  const { errno, code, message } = factsOf(error);
  if (errno !== undefined && errno > 0) {
    const [kind, reason] = REASONS.get(errno) ?? [connecting ? 'unavailable' : 'statement', message];
    return new SqlFailure(kind, reason, message, errno);
  }
  if (code === 'PROTOCOL_SEQUENCE_TIMEOUT') return new SqlFailure('silent', 'no answer came in time', message);
  if (connecting) return new SqlFailure('unreachable', `it cannot be reached${code && ` (${code})`}`, message);
  return new SqlFailure('lost', `the connection was lost${code && ` (${code})`}`, message);
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof SqlFailure && error.errno === NO_SUCH_TABLE;
}

/**
 * StoreUnavailable when the server or the way to it failed; any other error, being one of the statement, comes back
 * unchanged. `what` begins the message: "the read model things cannot be read".
 */
export function explainFailure(what: string, error: unknown): unknown {
  if (!(error instanceof SqlFailure) || error.kind === 'statement') return error;
  const message = `${what}: ${error.reason}`;
  return error.kind === 'forbidden'
    ? new EngineUnfit(message, { cause: error, retryAfterMs: 5_000 })
    : new StoreUnavailable(message, { cause: error });
}

export function writeFailure(name: string, error: unknown): unknown {
  return explainFailure(`the read model ${name} cannot be written`, error);
}

export function readFailure(name: string, error: unknown): unknown {
  return explainFailure(`the read model ${name} cannot be read`, error);
}

function factsOf(error: unknown): { readonly errno?: number; readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { ...(errno !== undefined && { errno }), code, message: error.message };
}
