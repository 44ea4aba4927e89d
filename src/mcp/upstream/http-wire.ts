import type { IncomingMessage } from 'node:http';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { UpstreamError } from '../../ports/upstream.ts';
import type { FlatHeaders, HttpEndpoint } from './http-endpoint.ts';
import { HttpExchange, type ExchangeHost } from './http-exchange.ts';
import { revisionHeaders } from './http-revision.ts';
import { disconnected } from './multiplexer.ts';
import { CLOSED, deliver, type Note, type Wire } from './wire.ts';

export interface HttpWireOptions {
  readonly endpoint: HttpEndpoint;
  readonly headers: FlatHeaders;
  readonly maxResultBytes: number;
  readonly note: Note;
}

/** Milliseconds to tell the server that its session is over. */
const FAREWELL_MS = 1000;

/**
 * MCP over streamable HTTP (revisions 2025-03-26 and later): each message is a POST of its own, answered with JSON or with
 * a stream of events.
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
  readonly #host: ExchangeHost;
  /** In no order. An array, because a Map that lives long and holds much for short keeps the collector busy. */
  readonly #exchanges: HttpExchange[] = [];
  #protocolVersion: string | undefined;
  /** Headers of a POST: all but the length of its body. */
  #postHeaders: FlatHeaders = [];

  constructor(options: HttpWireOptions) {
    this.#options = options;
    const { endpoint, maxResultBytes, note } = options;
    this.#host = {
      endpoint,
      maxResultBytes,
      note,
      hasSession: () => this.sessionId !== undefined,
      streamHeaders: () => this.#headers(['accept', 'text/event-stream']),
      deliver: (value) => deliver(this, value, note),
    };
    this.#prepareHeaders();
  }

  async start(): Promise<void> {
    // There is nothing to open: every message makes its own way.
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#prepareHeaders();
  }

  /** Answers when the exchange is over. @throws UpstreamError it was not delivered, or not answered */
  send(message: JSONRPCMessage): Promise<void> {
    if (this.ended) return Promise.reject(disconnected(this.endReason));
    const body = JSON.stringify(message);
    const length = String(Buffer.byteLength(body));
    const headers = this.#postHeaders.concat(revisionHeaders(message, this.#protocolVersion), 'content-length', length);
    const isRequest = 'method' in message && 'id' in message;
    const isHandshake = isRequest && message.method === 'initialize';
    return new Promise((resolve, reject) => {
      const exchange = this.#open(isRequest ? message.id : undefined, (error) => (error ? reject(error) : resolve()));
      exchange.post(headers, body, isHandshake ? (response) => this.#rememberSession(response) : undefined);
    });
  }

  abandon(id: number): void {
    this.#exchanges.find((exchange) => exchange.id === id)?.cut('nobody waits any more');
  }

  listen(): void {
    const exchange = this.#open(undefined, (error) => {
      if (error !== undefined && !this.ended) this.#options.note('not_listening', error.message);
    });
    exchange.stream(undefined, 0);
  }

  /** Cuts what is in flight and tells the server that its session is over (a SHOULD of the protocol). */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    for (const exchange of [...this.#exchanges]) exchange.cut(CLOSED);
    this.onclose?.();
    if (this.sessionId !== undefined) await this.#endSession();
  }

  #open(id: string | number | undefined, settled: (error: UpstreamError | undefined) => void): HttpExchange {
    const exchange = new HttpExchange(this.#host, id, (error, self) => {
      const index = this.#exchanges.indexOf(self);
      const last = this.#exchanges.pop();
      if (last !== undefined && last !== self) this.#exchanges[index] = last;
      settled(error);
    });
    this.#exchanges.push(exchange);
    return exchange;
  }

  #prepareHeaders(): void {
    this.#postHeaders = this.#headers([
      'content-type',
      'application/json',
      'accept',
      'application/json, text/event-stream',
    ]);
  }

  #headers(own: FlatHeaders): FlatHeaders {
    const { endpoint, headers } = this.#options;
    return [
      ...endpoint.headers,
      ...headers,
      ...own,
      ...(this.sessionId === undefined ? [] : ['mcp-session-id', this.sessionId]),
      ...(this.#protocolVersion === undefined ? [] : ['mcp-protocol-version', this.#protocolVersion]),
    ];
  }

  #rememberSession({ headers, statusCode }: IncomingMessage): void {
    const header = headers['mcp-session-id'];
    if (typeof header !== 'string' || statusCode !== 200) return;
    if (/^[\x21-\x7e]{1,1024}$/.test(header)) this.sessionId = header;
    else
      this.#options.note('bad_session_id', 'ignored a session id that is not visible ASCII of at most 1024 characters');
    this.#prepareHeaders();
  }

  #endSession(): Promise<void> {
    return new Promise((resolve) => {
      const request = this.#options.endpoint.request('DELETE', this.#headers([]));
      const timer = setTimeout(() => request.destroy(), FAREWELL_MS);
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
