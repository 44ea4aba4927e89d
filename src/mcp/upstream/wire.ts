import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import type { UpstreamError } from '../../ports/upstream.ts';
import { isObject } from './json.ts';

/**
 * A transport for the SDK's handshake which the multiplexer takes over afterwards. `send` rejects with an UpstreamError
 * when the message was not delivered or, where each request has its own stream, when that ended without an answer.
 */
export interface Wire extends Transport {
  /** Once set, gets every JSON value that arrives instead of `onmessage`; nothing about its shape is promised. */
  onvalue?: ((value: unknown) => void) | undefined;
  /** Told of an answer that could not be read. The request's id is undefined when the answer does not show it. */
  onunreadable?: ((id: number | undefined, error: UpstreamError) => void) | undefined;
  readonly ended: boolean;
  /** Why the wire ended, for people; set before `onclose` is called, and `CLOSED` when it was closed from this side. */
  readonly endReason: string;
  /** Stops waiting for the exchange of a request. */
  abandon?(id: number): void;
  /** Keeps a stream open on which the server can speak unasked, where that needs one. */
  listen?(): void;
}

export const CLOSED = 'the connection was closed';

/** What a wire tells about odd things it met and got over. Never throws. */
export type Note = (kind: string, text: string) => void;

/** Hands a value from outside to whoever owns the wire now: the multiplexer, or during the handshake the SDK. */
export function deliver(wire: Wire, value: unknown, note: Note): void {
  if (wire.onvalue !== undefined) return wire.onvalue(value);
  for (const message of Array.isArray(value) ? value : [value]) {
    if (isMessage(message)) wire.onmessage?.(message);
    else note('not_json_rpc', 'skipped a message that is not JSON-RPC 2.0');
  }
}

function isMessage(value: unknown): value is JSONRPCMessage {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return false;
  return typeof value['method'] === 'string' || isObject(value['result']) || isObject(value['error']);
}
