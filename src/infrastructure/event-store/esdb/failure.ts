import {
  AccessDeniedError,
  ErrorType,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  type CommandError,
} from '@eventstore/db-client';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { UnknownPosition, WrongExpectedRevision } from '../../../ports/event-store.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';

/** Nothing can be asked of a store that was closed. */
export class StoreClosed extends StoreUnavailable {
  constructor() {
    super('the event store is closed');
  }
}

/** Whether the same call may go better in a moment: another leader, a new connection, a server less busy. */
export function isPassing(error: unknown): boolean {
  return error instanceof StoreUnavailable && !(error instanceof EngineUnfit || error instanceof StoreClosed);
}

/**
 * The client's errors in the words of the ports. What the server cannot do now, or what nobody knows the outcome of, is
 * StoreUnavailable; what will not pass by waiting is EngineUnfit.
 */
export function explainFailure(error: unknown): Error {
  if (error instanceof StoreUnavailable || error instanceof WrongExpectedRevision) return error;
  if (error instanceof RangeError || error instanceof TypeError) return error;
  if (error instanceof AccessDeniedError || isDenied(error)) {
    return new EngineUnfit('EventStoreDB denies access: check user and password in its URL', { cause: error });
  }
  if (error instanceof MaxAppendSizeExceededError) {
    return new TypeError(`EventStoreDB takes appends of ${error.maxAppendSize} bytes at most (its MaxAppendSize)`);
  }
  if (error instanceof StreamDeletedError) {
    return new EngineUnfit('a stream of this platform was deleted in EventStoreDB by somebody', { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/invalid ?position/i.test(message)) return new UnknownPosition('this is no position of the event log');
  const text = typeOf(error) === ErrorType.NOT_LEADER ? 'its leader has changed' : firstLine(message);
  return new StoreUnavailable(`EventStoreDB does not answer: ${text}`, { cause: error });
}

function typeOf(error: unknown): string | undefined {
  return error instanceof Error && 'type' in error ? (error as CommandError).type : undefined;
}

/** gRPC's PERMISSION_DENIED and UNAUTHENTICATED without the trailers that the client knows. */
function isDenied(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 7 || code === 16;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
