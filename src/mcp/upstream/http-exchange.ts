import type { ClientRequest, IncomingMessage } from 'node:http';
import type { UpstreamError } from '../../ports/upstream.ts';
import { SessionExpired } from './errors.ts';
import { EventStream } from './event-stream.ts';
import type { FlatHeaders, HttpEndpoint } from './http-endpoint.ts';
import { socketFailure, statusFailure } from './http-failure.ts';
import { isObject, type JsonObject } from './json.ts';
import { disconnected, protocolError } from './multiplexer.ts';
import { readBody } from './read-body.ts';
import { tooLarge } from './stdio-wire.ts';
import type { Note } from './wire.ts';

/** What the exchanges of one connection have in common. */
export interface ExchangeHost {
  readonly endpoint: HttpEndpoint;
  readonly maxResultBytes: number;
  readonly note: Note;
  readonly hasSession: () => boolean;
  /** Headers to ask for a stream with. */
  readonly streamHeaders: () => FlatHeaders;
  readonly deliver: (value: unknown) => void;
}

/** Called once per exchange, with what went wrong if it did not serve its purpose. */
type Settled = (error: UpstreamError | undefined, exchange: HttpExchange) => void;

/** Milliseconds for a server to take a message that has no answer. */
const SETTLE_MS = 10_000;
/** Milliseconds for a server to end a stream after the answer: until then it holds one of our sockets. */
const LINGER_MS = 1000;
const RESUME_MS = 1000;
const MAX_RESUMED = 5;
const MAX_ERROR_BODY = 64 * 1024;

/** One message on its way to the server, and what comes back for it: an answer counts only on its request's exchange. */
export class HttpExchange {
  /** Of the request; undefined for notifications and replies, and for the stream on which the server speaks unasked. */
  readonly id: string | number | undefined;
  readonly #host: ExchangeHost;
  readonly #settled: Settled;
  readonly #hadSession: boolean;
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #answered = false;
  #over = false;
  /** Times a broken stream was taken up again without anything new in it. */
  #resumed = 0;

  constructor(host: ExchangeHost, id: string | number | undefined, settled: Settled) {
    this.id = id;
    this.#host = host;
    this.#settled = settled;
    this.#hadSession = host.hasSession();
  }

  post(headers: FlatHeaders, body: string, onResponse?: (response: IncomingMessage) => void): void {
    if (this.id === undefined) this.#timer = setTimeout(() => this.cut('it was not taken in time'), SETTLE_MS).unref();
    this.#send('POST', headers, body, (response) => {
      onResponse?.(response);
      this.#readAnswer(response);
    });
  }

  /** Asks for a stream, or for the rest of a broken one after its last event (MCP, streamable HTTP, resumability). */
  stream(lastEventId: string | undefined, delayMs: number): void {
    if (this.#over) return;
    const attempt = this.#resumed++;
    if (attempt >= MAX_RESUMED && this.id !== undefined) return this.#settle(disconnected('the stream kept breaking'));
    const start = (): void => {
      this.#timer = undefined;
      const place = lastEventId === undefined ? [] : ['last-event-id', lastEventId];
      this.#send('GET', this.#host.streamHeaders().concat(place), undefined, (response) => {
        if (response.statusCode === 200) return this.#readEvents(response);
        response.resume();
        // A server that has nothing to say unasked answers 405, and says so in the terms of the protocol.
        if (this.id === undefined && response.statusCode === 405) return this.#settle();
        this.#settle(disconnected(`there is no such stream (HTTP ${response.statusCode ?? 0})`));
      });
    };
    this.#timer = setTimeout(start, delayMs * 2 ** Math.min(attempt, MAX_RESUMED));
    if (this.id === undefined) this.#timer.unref();
  }

  /** Ends the exchange before its time. */
  cut(reason: string): void {
    this.#settle(disconnected(reason));
    this.#request?.destroy();
  }

  #settle(error?: UpstreamError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#settled(error, this);
  }

  #send(
    method: 'GET' | 'POST',
    headers: FlatHeaders,
    body: string | undefined,
    onResponse: (response: IncomingMessage) => void,
  ): void {
    try {
      const { endpoint } = this.#host;
      const request =
        this.id === undefined && method === 'GET' ? endpoint.listen(headers) : endpoint.request(method, headers);
      this.#request = request;
      request.on('response', onResponse);
      request.on('error', (error) => this.#settle(socketFailure(error)));
      request.end(body);
    } catch (error) {
      this.#settle(socketFailure(error instanceof Error ? error : new Error(String(error))));
    }
  }

  #readAnswer(response: IncomingMessage): void {
    const status = response.statusCode ?? 0;
    if (status < 200 || status >= 300) return this.#readFailure(response);
    if (this.id === undefined) {
      response.on('end', () => this.#settle()).on('error', (error) => this.#settle(socketFailure(error)));
      response.resume();
      return;
    }
    const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = response.headers;
    if (encoding !== 'identity') {
      this.#refuse(response, 'the answer is compressed, which was not asked for');
    } else if (type.startsWith('application/json')) {
      readBody(response, this.#host.maxResultBytes, (error, text) => {
        if (error === undefined) this.#takeText(text);
        this.#settle(error ?? (this.#answered ? undefined : protocolError('it is no answer to the request')));
      });
    } else if (type.startsWith('text/event-stream')) {
      this.#readEvents(response);
    } else {
      this.#refuse(response, `the answer is neither JSON nor a stream of events (HTTP ${status})`);
    }
  }

  #refuse(response: IncomingMessage, why: string): void {
    this.#settle(protocolError(why));
    response.destroy();
  }

  /** A failure may carry a JSON-RPC error for the request; otherwise only the status counts. */
  #readFailure(response: IncomingMessage): void {
    readBody(response, MAX_ERROR_BODY, (_, text) => {
      const error = rpcError(text);
      if (this.#hadSession && isSessionGone(response.statusCode, error)) {
        const message = `the server has forgotten the session (HTTP ${response.statusCode ?? 0})`;
        return this.#settle(new SessionExpired('upstream_disconnected', message));
      }
      if (error !== undefined && (error['id'] === this.id || response.statusCode === 400)) this.#takeMessage(error);
      this.#settle(this.#answered ? undefined : statusFailure(response));
    });
  }

  #readEvents(response: IncomingMessage): void {
    const { maxResultBytes } = this.#host;
    const events = new EventStream({
      maxLength: maxResultBytes,
      onEvent: ({ type, data }) => {
        this.#resumed = 0;
        if (type === 'message' && data !== '' && !this.#over) this.#takeText(data);
        if (!this.#answered || this.#over || this.#timer !== undefined) return;
        this.#timer = setTimeout(() => this.cut('the stream went on after the answer'), LINGER_MS).unref();
      },
      onTooLong: () => {
        this.#settle(tooLarge(maxResultBytes));
        response.destroy();
      },
    });
    let ended = false;
    const end = (error?: Error): void => {
      if (ended || this.#over) return;
      ended = true;
      if (this.#answered) return this.#settle();
      if (this.id === undefined || events.lastEventId !== undefined) {
        return this.stream(events.lastEventId, events.retryMs ?? RESUME_MS);
      }
      this.#settle(error === undefined ? disconnected('the stream ended') : socketFailure(error));
    };
    response.on('data', (chunk: Buffer) => events.feed(chunk));
    response.on('end', () => end());
    response.on('error', end);
  }

  #takeText(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (this.id === undefined) return this.#host.note('not_json', 'skipped an event that is not JSON');
      return this.#settle(protocolError('the answer is not JSON'));
    }
    if (Array.isArray(value)) for (const message of value) this.#takeMessage(message);
    else this.#takeMessage(value);
  }

  #takeMessage(message: unknown): void {
    const { deliver, note } = this.#host;
    if (!isObject(message) || typeof message['method'] === 'string') return deliver(message);
    const { id } = message;
    // An error without an id is what a server says that could not read the request: here it can mean one request only.
    const isOurs = id === this.id || (id === null && isObject(message['error']));
    if (this.id === undefined || !isOurs) return note('stray_answer', 'ignored an answer to another request');
    this.#answered = true;
    deliver(id === null ? { ...message, id: this.id } : message);
  }
}

function rpcError(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isObject(value['error']) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * 404 to a request with a session id means that the session is over. Servers built from the SDK's examples answer 400 and
 * speak of the session instead; like any 400, that is said before the request is looked at.
 */
function isSessionGone(status: number | undefined, body: JsonObject | undefined): boolean {
  if (status === 404) return true;
  const message = isObject(body?.['error']) ? body['error']['message'] : undefined;
  return status === 400 && typeof message === 'string' && /session/i.test(message);
}
