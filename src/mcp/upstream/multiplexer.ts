import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { UpstreamError, type CallOptions, type Progress } from '../../ports/upstream.ts';
import { ConnectionLost, METHOD_NOT_FOUND, RpcFailure, toUpstreamError } from './errors.ts';
import { isObject, shorten, type JsonObject } from './json.ts';
import type { Note, Wire } from './wire.ts';

export interface MultiplexerOptions {
  readonly wire: Wire;
  readonly note: Note;
  /** `_meta` of every request, as revisions from 2026-07-28 on want it; absent before. */
  readonly envelope?: JsonObject;
  readonly onNotification: (method: string) => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: UpstreamError) => void;
  readonly timer: NodeJS.Timeout;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
}

/** Above every id that the SDK uses while shaking hands, so that a late answer of that time meets nobody. */
const FIRST_ID = 1000;
/** The longest delay that `setTimeout` knows. */
const MAX_DELAY = 2 ** 31 - 1;
/** Answers to requests of the server that may be under way at once; a server that asks faster is not answered. */
const MAX_REPLIES = 32;

/**
 * Many JSON-RPC requests in flight over one wire. The ids are minted here and used once, so an answer that comes late,
 * twice, or for somebody else finds nobody to cross.
 */
export class Multiplexer {
  readonly #wire: Wire;
  readonly #note: Note;
  readonly #envelope: JsonObject | undefined;
  readonly #onNotification: (method: string) => void;
  readonly #pending = new Map<number, Pending>();
  #nextId = FIRST_ID;
  #replies = 0;

  constructor(options: MultiplexerOptions) {
    this.#wire = options.wire;
    this.#note = options.note;
    this.#envelope = options.envelope;
    this.#onNotification = options.onNotification;
    this.#wire.onmessage = undefined;
    this.#wire.onvalue = (value) => this.#receive(value);
    this.#wire.onunreadable = (id, error) => this.#unreadable(id, error);
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Answers with `result`, whatever it is. @throws UpstreamError */
  request(method: string, params: JsonObject, options: CallOptions): Promise<unknown> {
    const { signal, onProgress } = options;
    if (signal?.aborted === true) return Promise.reject(cancelled());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(id, options.timeoutMs), Math.min(options.timeoutMs, MAX_DELAY));
      const onAbort = signal === undefined ? undefined : () => this.#giveUp(id, cancelled(), 'cancelled by the caller');
      if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, { resolve, reject, timer, onProgress, signal, onAbort });
      const message = { jsonrpc: '2.0' as const, id, method, params: this.#withMeta(params, id, onProgress) };
      this.#wire.send(message).catch((error: unknown) => {
        this.#fail(id, toUpstreamError(error, 'upstream_unavailable', 'the request was not sent'));
      });
    });
  }

  /** Fails what is in flight; the wire is somebody else's to close. */
  abort(error: UpstreamError): void {
    for (const id of [...this.#pending.keys()]) this.#fail(id, error);
  }

  #withMeta(params: JsonObject, id: number, onProgress: CallOptions['onProgress']): Record<string, unknown> {
    if (onProgress === undefined && this.#envelope === undefined) return params;
    return { ...params, _meta: { ...this.#envelope, ...(onProgress === undefined ? {} : { progressToken: id }) } };
  }

  #receive(value: unknown): void {
    if (Array.isArray(value)) {
      for (const member of value) this.#receive(member);
    } else if (!isObject(value)) {
      this.#note('not_json_rpc', 'skipped a message that is not JSON-RPC 2.0');
    } else if (typeof value['method'] === 'string') {
      this.#receiveMethod(value['method'], value);
    } else {
      this.#receiveAnswer(value);
    }
  }

  #receiveAnswer(value: JsonObject): void {
    const id = value['id'];
    const pending = typeof id === 'number' ? this.#take(id) : undefined;
    if (pending === undefined) {
      this.#note('stray_answer', `ignored an answer to request ${shorten(String(id), 40)}, which nobody waits for`);
      return;
    }
    const error = value['error'];
    if (error !== undefined) pending.reject(rpcFailure(error));
    else if ('result' in value) pending.resolve(value['result']);
    else pending.reject(protocolError('the answer has neither a result nor an error'));
  }

  #receiveMethod(method: string, value: JsonObject): void {
    const id = value['id'];
    if (typeof id === 'number' || typeof id === 'string') return this.#reply(method, id);
    if (method === 'notifications/progress') return this.#progress(value['params']);
    this.#onNotification(method);
  }

  /** Requests of the server: it may ask whether we live; nothing else was offered to it. */
  #reply(method: string, id: number | string): void {
    if (this.#envelope !== undefined) {
      this.#note('server_request', `ignored the request ${shorten(method, 80)}, which this revision does not allow`);
      return;
    }
    if (this.#replies >= MAX_REPLIES) {
      this.#note('server_request', `ignored the request ${shorten(method, 80)}: too many at once`);
      return;
    }
    this.#replies++;
    const reply: JSONRPCMessage =
      method === 'ping'
        ? { jsonrpc: '2.0', id, result: {} }
        : { jsonrpc: '2.0', id, error: { code: METHOD_NOT_FOUND, message: 'this client does not serve the method' } };
    this.#tell(reply, 'a reply to the server');
  }

  #progress(params: unknown): void {
    if (!isObject(params)) return;
    const { progressToken, progress, total, message } = params;
    const pending = typeof progressToken === 'number' ? this.#pending.get(progressToken) : undefined;
    if (pending?.onProgress === undefined || typeof progress !== 'number') {
      this.#note('stray_progress', 'ignored a progress notification that nobody waits for');
      return;
    }
    try {
      pending.onProgress({
        progress,
        ...(typeof total === 'number' ? { total } : {}),
        ...(typeof message === 'string' ? { message: shorten(message, 1000) } : {}),
      });
    } catch (error) {
      this.#note('progress_listener', `the listener for progress failed: ${String(error)}`);
    }
  }

  #unreadable(id: number | undefined, error: UpstreamError): void {
    const [only] = this.#pending.keys();
    const known = id ?? (this.#pending.size === 1 ? only : undefined);
    if (known === undefined || !this.#pending.has(known)) this.#note('unreadable_answer', error.message);
    else this.#fail(known, error);
  }

  #expire(id: number, timeoutMs: number): void {
    const error = new UpstreamError('execution_timed_out', `no answer within ${timeoutMs} ms`);
    this.#giveUp(id, error, 'timed out');
  }

  /** Stops waiting and tells the server so (MCP, utilities, cancellation). */
  #giveUp(id: number, error: UpstreamError, reason: string): void {
    if (!this.#pending.has(id)) return;
    this.#fail(id, error);
    // From 2026-07-28 on, ending the stream of a request is what cancels it.
    if (this.#envelope === undefined || this.#wire.hasPerRequestStream !== true) {
      const params = { requestId: id, reason };
      this.#tell({ jsonrpc: '2.0', method: 'notifications/cancelled', params }, 'a cancellation');
    }
    this.#wire.abandon?.(id);
  }

  #tell(message: JSONRPCMessage, what: string): void {
    const isReply = !('method' in message);
    this.#wire.send(message).then(
      () => this.#replied(isReply),
      (error: unknown) => {
        this.#replied(isReply);
        this.#note(
          'unsent',
          `${what} was not delivered: ${toUpstreamError(error, 'upstream_error', 'failed').message}`,
        );
      },
    );
  }

  #replied(isReply: boolean): void {
    if (isReply) this.#replies--;
  }

  #fail(id: number, error: UpstreamError): void {
    this.#take(id)?.reject(error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (pending.onAbort !== undefined) pending.signal?.removeEventListener('abort', pending.onAbort);
    return pending;
  }
}

export function protocolError(what: string): UpstreamError {
  return new UpstreamError('upstream_protocol_error', what);
}

export function cancelled(): UpstreamError {
  return new UpstreamError('execution_cancelled', 'the call was cancelled');
}

/** What calls get when their connection ends under them. */
export function disconnected(reason: string): ConnectionLost {
  return new ConnectionLost('upstream_disconnected', `the connection ended before the answer: ${reason}`);
}

function rpcFailure(error: unknown): UpstreamError {
  if (!isObject(error)) return protocolError('the error of the answer is not an object');
  const { code, message } = error;
  if (typeof code !== 'number' || typeof message !== 'string') {
    return protocolError('the error of the answer lacks its code or message');
  }
  return new RpcFailure(code, shorten(message, 2000));
}
