import type { ClientRequest, IncomingMessage } from 'node:http';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { type UpstreamError } from '../../ports/upstream.ts';
import { ConnectionLost } from './errors.ts';
import { EventStream, type ServerEvent } from './event-stream.ts';
import { createHttpEndpoint, type Agents, type FlatHeaders, type HttpEndpoint } from './http-endpoint.ts';
import { socketFailure, statusFailure } from './http-failure.ts';
import { disconnected, protocolError } from './multiplexer.ts';
import { tooLarge } from './stdio-wire.ts';
import { CLOSED, deliver, type Note, type Wire } from './wire.ts';

export interface SseWireOptions {
  readonly url: string;
  readonly agents: Agents;
  readonly headers: FlatHeaders;
  readonly maxResultBytes: number;
  readonly note: Note;
}

/** Milliseconds for a server to take a message. */
const POST_MS = 10_000;

/**
 * MCP over HTTP with server-sent events (revision 2024-11-05): one stream of events in, POSTs out to the URL that the
 * stream names first.
 */
export class SseWire implements Wire {
  onmessage?: Wire['onmessage'];
  onclose?: Wire['onclose'];
  onerror?: Wire['onerror'];
  onvalue?: Wire['onvalue'];
  onunreadable?: Wire['onunreadable'];
  ended = false;
  endReason = CLOSED;
  readonly #options: SseWireOptions;
  readonly #endpoint: HttpEndpoint;
  readonly #posts = new Set<ClientRequest>();
  #stream: ClientRequest | undefined;
  #postTo: HttpEndpoint | undefined;
  #postHeaders: FlatHeaders;
  #rejectStart: ((error: UpstreamError) => void) | undefined;
  #resolveStart: (() => void) | undefined;

  /** @throws UpstreamError `upstream_refused` the URL or a header cannot be used */
  constructor(options: SseWireOptions) {
    this.#options = options;
    this.#endpoint = createHttpEndpoint(options.url, options.agents);
    this.#postHeaders = [...this.#endpoint.headers, ...options.headers, 'content-type', 'application/json'];
  }

  /** Opens the stream; answers when the server has said where messages go. @throws UpstreamError */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolveStart = resolve;
      this.#rejectStart = reject;
      const request = this.#endpoint.listen([
        ...this.#endpoint.headers,
        ...this.#options.headers,
        'accept',
        'text/event-stream',
      ]);
      this.#stream = request;
      request.on('response', (response) => this.#read(response));
      request.on('error', (error) => this.#end(socketFailure(error)));
      request.end();
    });
  }

  setProtocolVersion(version: string): void {
    this.#postHeaders = this.#postHeaders.concat('mcp-protocol-version', version);
  }

  send(message: JSONRPCMessage): Promise<void> {
    const endpoint = this.#postTo;
    if (this.ended || endpoint === undefined) return Promise.reject(disconnected(this.endReason));
    const body = JSON.stringify(message);
    return new Promise((resolve, reject) => {
      const length = String(Buffer.byteLength(body));
      const request = endpoint.request('POST', this.#postHeaders.concat('content-length', length));
      this.#posts.add(request);
      const timer = setTimeout(() => request.destroy(new Error('the message was not taken in time')), POST_MS);
      request.on('close', () => {
        clearTimeout(timer);
        this.#posts.delete(request);
      });
      request.on('error', (error) => reject(socketFailure(error)));
      request.on('response', (response) => {
        const ok = response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300;
        response.on('error', (error) => reject(socketFailure(error)));
        response.on('end', () => (ok ? resolve() : reject(statusFailure(response))));
        response.resume();
      });
      request.end(body);
    });
  }

  async close(): Promise<void> {
    this.#end(new ConnectionLost('upstream_disconnected', CLOSED));
  }

  #read(response: IncomingMessage): void {
    if (response.statusCode !== 200) {
      this.#end(statusFailure(response));
      return;
    }
    if (response.headers['content-type']?.startsWith('text/event-stream') !== true) {
      this.#end(protocolError('the answer is not a stream of events'));
      return;
    }
    const events = new EventStream({
      maxLength: this.#options.maxResultBytes,
      onEvent: (event) => this.#take(event),
      onTooLong: () => this.#tooLong(),
    });
    response.on('data', (chunk: Buffer) => events.feed(chunk));
    response.on('end', () => this.#end(new ConnectionLost('upstream_disconnected', 'the server ended the stream')));
    response.on('error', (error) => this.#end(socketFailure(error)));
  }

  /** Whose answer it was cannot be seen any more, so the stream goes on without it; but not without a handshake. */
  #tooLong(): void {
    const error = tooLarge(this.#options.maxResultBytes);
    if (this.onunreadable === undefined) this.#end(error);
    else this.onunreadable(undefined, error);
  }

  #take({ type, data }: ServerEvent): void {
    if (this.ended) return;
    if (type === 'endpoint') return this.#takeEndpoint(data);
    if (type !== 'message') return;
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return this.#options.note('not_json', 'skipped an event that is not JSON');
    }
    deliver(this, value, this.#options.note);
  }

  /** Messages stay with the server that the operator named. */
  #takeEndpoint(data: string): void {
    if (this.#postTo !== undefined) return;
    try {
      const endpoint = createHttpEndpoint(new URL(data, this.#options.url), this.#options.agents);
      if (endpoint.origin !== this.#endpoint.origin) {
        return this.#end(protocolError('the server names another origin to send messages to'));
      }
      this.#postTo = endpoint;
      this.#resolveStart?.();
    } catch {
      this.#end(protocolError('the server names no usable URL to send messages to'));
    }
  }

  #end(error: UpstreamError): void {
    if (this.ended) return;
    this.ended = true;
    this.endReason = error.message;
    this.#stream?.destroy();
    for (const request of this.#posts) request.destroy();
    this.#rejectStart?.(error);
    this.onclose?.();
  }
}
