import type { ClientRequest, IncomingMessage } from 'node:http';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { UpstreamError } from '../../ports/upstream.ts';
import { disconnected, protocolError } from './multiplexer.ts';
import { SessionExpired } from './errors.ts';
import { EventStream } from './event-stream.ts';
import type { FlatHeaders, HttpEndpoint } from './http-endpoint.ts';
import { socketFailure, statusFailure } from './http-failure.ts';
import { revisionHeaders } from './http-revision.ts';
import { isObject } from './json.ts';
import { readBody } from './read-body.ts';
import { tooLarge } from './stdio-wire.ts';
import { CLOSED, deliver, type Note, type Wire } from './wire.ts';

export interface HttpWireOptions {
  readonly endpoint: HttpEndpoint;
  readonly headers: FlatHeaders;
  readonly maxResultBytes: number;
  readonly note: Note;
}

/** One message on its way, and everything that may come back for it. */
interface Exchange {
  /** Of the request; undefined for notifications and replies, and for the stream on which the server speaks unasked. */
  readonly id: string | number | undefined;
  readonly settle: (error?: UpstreamError) => void;
  request: ClientRequest | undefined;
  timer: NodeJS.Timeout | undefined;
  answered: boolean;
  over: boolean;
  /** Times a broken stream was taken up again without anything new in it. */
  resumed: number;
}

/** Milliseconds for a server to take a message that has no answer, and to end a stream whose answer was given. */
const SETTLE_MS = 10_000;
const RESUME_MS = 1000;
const MAX_RESUMED = 5;
const MAX_ERROR_BODY = 64 * 1024;

/**
 * MCP over streamable HTTP (revisions 2025-03-26 and later): each message is a POST of its own, answered with JSON or with
 * a stream of events. An answer counts only on the exchange of its own request.
 */
export class HttpWire implements Wire {
  onmessage?: Wire['onmessage'];
  onclose?: Wire['onclose'];
  onerror?: Wire['onerror'];
  onvalue?: Wire['onvalue'];
  onunreadable?: Wire['onunreadable'];
  readonly hasPerRequestStream = true;
  sessionId: string | undefined;
  ended = false;
  endReason = CLOSED;
  readonly #options: HttpWireOptions;
  readonly #exchanges = new Map<string | number | Exchange, Exchange>();
  #protocolVersion: string | undefined;
  /** Headers of a POST, and all but the length of its body. */
  #postHeaders: FlatHeaders = [];

  constructor(options: HttpWireOptions) {
    this.#options = options;
    this.#prepareHeaders();
  }

  async start(): Promise<void> {
    // There is nothing to open: every message makes its own way.
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#prepareHeaders();
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.ended) return Promise.reject(disconnected(this.endReason));
    const body = JSON.stringify(message);
    const isRequest = 'method' in message && 'id' in message;
    const headers = this.#postHeaders.concat(revisionHeaders(message, this.#protocolVersion), [
      'content-length',
      String(Buffer.byteLength(body)),
    ]);
    return new Promise((resolve, reject) => {
      const exchange = this.#open(isRequest ? message.id : undefined, (error) => (error ? reject(error) : resolve()));
      const handshake = isRequest && message.method === 'initialize';
      if (!isRequest) exchange.timer = setTimeout(() => this.#cut(exchange, 'no answer in time'), SETTLE_MS).unref();
      this.#start(exchange, 'POST', headers, body, (response) => {
        if (handshake) this.#rememberSession(response);
        this.#readAnswer(exchange, response);
      });
    });
  }

  abandon(id: number): void {
    const exchange = this.#exchanges.get(id);
    if (exchange !== undefined) this.#cut(exchange, 'nobody waits any more');
  }

  listen(): void {
    const exchange = this.#open(undefined, (error) => {
      if (error !== undefined && !this.ended) this.#options.note('not_listening', error.message);
    });
    this.#resume(exchange, undefined, 0);
  }

  /** Cuts what is in flight and tells the server that its session is over (a SHOULD of the protocol). */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    for (const exchange of [...this.#exchanges.values()]) this.#cut(exchange, this.endReason);
    this.onclose?.();
    if (this.sessionId !== undefined) await this.#endSession();
  }

  #prepareHeaders(): void {
    this.#postHeaders = this.#options.headers.concat(
      ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'],
      this.#connectionHeaders(),
    );
  }

  #connectionHeaders(): string[] {
    return [
      ...(this.sessionId === undefined ? [] : ['mcp-session-id', this.sessionId]),
      ...(this.#protocolVersion === undefined ? [] : ['mcp-protocol-version', this.#protocolVersion]),
    ];
  }

  #rememberSession(response: IncomingMessage): void {
    const header = response.headers['mcp-session-id'];
    if (typeof header !== 'string' || response.statusCode !== 200) return;
    if (/^[\x21-\x7e]{1,1024}$/.test(header)) this.sessionId = header;
    else
      this.#options.note('bad_session_id', 'ignored a session id that is not visible ASCII of at most 1024 characters');
    this.#prepareHeaders();
  }

  #open(id: string | number | undefined, settle: (error?: UpstreamError) => void): Exchange {
    const exchange: Exchange = {
      id,
      settle,
      request: undefined,
      timer: undefined,
      answered: false,
      over: false,
      resumed: 0,
    };
    this.#exchanges.set(id ?? exchange, exchange);
    return exchange;
  }

  #settle(exchange: Exchange, error?: UpstreamError): void {
    if (exchange.over) return;
    exchange.over = true;
    clearTimeout(exchange.timer);
    this.#exchanges.delete(exchange.id ?? exchange);
    exchange.settle(error);
  }

  #cut(exchange: Exchange, reason: string): void {
    this.#settle(exchange, disconnected(reason));
    exchange.request?.destroy();
  }

  #start(
    exchange: Exchange,
    method: 'GET' | 'POST',
    headers: FlatHeaders,
    body: string | undefined,
    onResponse: (response: IncomingMessage) => void,
  ): void {
    try {
      const request = this.#options.endpoint.request(method, headers);
      exchange.request = request;
      request.on('response', onResponse);
      request.on('error', (error) => this.#settle(exchange, socketFailure(error)));
      request.end(body);
    } catch (error) {
      this.#settle(exchange, socketFailure(error instanceof Error ? error : new Error(String(error))));
    }
  }

  #readAnswer(exchange: Exchange, response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    if (status < 200 || status >= 300) return this.#readFailure(exchange, response);
    if (exchange.id === undefined) {
      response
        .on('end', () => this.#settle(exchange))
        .on('error', (error) => this.#settle(exchange, socketFailure(error)));
      response.resume();
      return;
    }
    const type = response.headers['content-type'] ?? '';
    const encoding = response.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      this.#refuse(exchange, response, 'the answer is compressed, which was not asked for');
    } else if (type.startsWith('application/json')) {
      readBody(response, this.#options.maxResultBytes, (error, text) => {
        if (error === undefined) this.#takeText(exchange, text);
        this.#settle(
          exchange,
          error ?? (exchange.answered ? undefined : protocolError('it is no answer to the request')),
        );
      });
    } else if (type.startsWith('text/event-stream')) {
      this.#readEvents(exchange, response);
    } else {
      this.#refuse(exchange, response, `the answer is neither JSON nor a stream of events (HTTP ${status})`);
    }
  }

  #refuse(exchange: Exchange, response: IncomingMessage, why: string): void {
    this.#settle(exchange, protocolError(why));
    response.destroy();
  }

  /** A failure may carry a JSON-RPC error for the request; otherwise only the status counts. */
  #readFailure(exchange: Exchange, response: IncomingMessage): void {
    const { sessionId } = this;
    readBody(response, MAX_ERROR_BODY, (_, text) => {
      const error = rpcError(text);
      if (sessionId !== undefined && isSessionGone(response.statusCode, error)) {
        const message = `the server has forgotten the session (HTTP ${response.statusCode ?? 0})`;
        return this.#settle(exchange, new SessionExpired('upstream_disconnected', message));
      }
      if (error !== undefined && (error['id'] === exchange.id || response.statusCode === 400)) {
        this.#takeMessage(exchange, error);
      }
      this.#settle(exchange, exchange.answered ? undefined : statusFailure(response));
    });
  }

  #readEvents(exchange: Exchange, response: IncomingMessage): void {
    const events = new EventStream({
      maxLength: this.#options.maxResultBytes,
      onEvent: ({ type, data }) => {
        exchange.resumed = 0;
        if (type !== 'message' || data === '' || exchange.over) return;
        this.#takeText(exchange, data);
        if (!exchange.answered || exchange.timer !== undefined) return;
        // The server should end the stream now. It may hold our socket a little longer, not for ever.
        exchange.timer = setTimeout(
          () => this.#cut(exchange, 'the stream went on after the answer'),
          SETTLE_MS,
        ).unref();
      },
      onTooLong: () => {
        this.#settle(exchange, tooLarge(this.#options.maxResultBytes));
        response.destroy();
      },
    });
    let ended = false;
    const end = (error?: Error): void => {
      if (ended || exchange.over) return;
      ended = true;
      if (exchange.answered) return this.#settle(exchange);
      if (exchange.id === undefined || events.lastEventId !== undefined) {
        return this.#resume(exchange, events.lastEventId, events.retryMs ?? RESUME_MS);
      }
      this.#settle(exchange, error === undefined ? disconnected('the stream ended') : socketFailure(error));
    };
    response.on('data', (chunk: Buffer) => events.feed(chunk));
    response.on('end', () => end());
    response.on('error', end);
  }

  /** Asks for a stream, or for the rest of a broken one after its last event (MCP, streamable HTTP, resumability). */
  #resume(exchange: Exchange, lastEventId: string | undefined, delayMs: number): void {
    if (exchange.over) return;
    const attempt = exchange.resumed++;
    if (attempt >= MAX_RESUMED && exchange.id !== undefined) {
      return this.#settle(exchange, disconnected('the stream kept breaking'));
    }
    exchange.timer = setTimeout(
      () => {
        exchange.timer = undefined;
        const headers = this.#options.headers.concat(
          ['accept', 'text/event-stream'],
          this.#connectionHeaders(),
          lastEventId === undefined ? [] : ['last-event-id', lastEventId],
        );
        this.#start(exchange, 'GET', headers, undefined, (response) => {
          if (response.statusCode === 200) return this.#readEvents(exchange, response);
          response.resume();
          this.#settle(exchange, disconnected(`the stream was not taken up again (HTTP ${response.statusCode ?? 0})`));
        });
      },
      delayMs * 2 ** Math.min(attempt, MAX_RESUMED),
    );
    if (exchange.id === undefined) exchange.timer.unref();
  }

  #takeText(exchange: Exchange, text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (exchange.id === undefined) return this.#options.note('not_json', 'skipped an event that is not JSON');
      return this.#settle(exchange, protocolError('the answer is not JSON'));
    }
    for (const message of Array.isArray(value) ? value : [value]) this.#takeMessage(exchange, message);
  }

  #takeMessage(exchange: Exchange, message: unknown): void {
    if (!isObject(message) || typeof message['method'] === 'string') return deliver(this, message, this.#options.note);
    // An error without an id is what a server says that could not read the request: here it can mean one request only.
    const isOurs = message['id'] === exchange.id || (message['id'] == null && isObject(message['error']));
    if (exchange.id === undefined || !isOurs) {
      return this.#options.note('stray_answer', 'ignored an answer on the exchange of another request');
    }
    exchange.answered = true;
    deliver(this, message['id'] === exchange.id ? message : { ...message, id: exchange.id }, this.#options.note);
  }

  #endSession(): Promise<void> {
    return new Promise((resolve) => {
      const request = this.#options.endpoint.request('DELETE', this.#options.headers.concat(this.#connectionHeaders()));
      const timer = setTimeout(() => request.destroy(), RESUME_MS);
      const done = (error?: Error): void => {
        clearTimeout(timer);
        if (error !== undefined) this.#options.note('session_not_ended', error.message);
        resolve();
      };
      request.on('response', (response) =>
        response
          .on('error', done)
          .on('end', () => done())
          .resume(),
      );
      request.on('error', done);
      request.end();
    });
  }
}

function rpcError(text: string): (Readonly<Record<string, unknown>> & { readonly error: unknown }) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isObject(value['error']) ? { ...value, error: value['error'] } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * 404 to a request with a session id means that the session is over. Servers built from the SDK's examples answer 400 and
 * speak of the session instead; like any 400, that is said before the request is looked at.
 */
function isSessionGone(status: number | undefined, body: { readonly error: unknown } | undefined): boolean {
  if (status === 404) return true;
  const message = isObject(body?.error) ? body.error['message'] : undefined;
  return status === 400 && typeof message === 'string' && /session/i.test(message);
}
