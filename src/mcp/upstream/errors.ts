import { UpstreamError, type UpstreamErrorCode } from '../../ports/upstream.ts';

/** The connection is of no more use: the next call needs another one. */
export class ConnectionLost extends UpstreamError {}

/** The server has forgotten the session. It refused the request without looking at it, so the call may be sent again. */
export class SessionExpired extends UpstreamError {}

/** The server answered with a JSON-RPC error. */
export class RpcFailure extends UpstreamError {
  readonly rpcCode: number;

  constructor(rpcCode: number, message: string) {
    super('upstream_error', `the server answered error ${rpcCode}: ${message}`);
    this.rpcCode = rpcCode;
  }
}

/** JSON-RPC 2.0, section 5.1. */
export const METHOD_NOT_FOUND = -32601;

/** Any failure as an UpstreamError; one that already is stays as it is. */
export function toUpstreamError(error: unknown, code: UpstreamErrorCode, what: string): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new UpstreamError(code, `${what}: ${reason}`, { cause: error });
}
