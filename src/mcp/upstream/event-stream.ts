import { StringDecoder } from 'node:string_decoder';

export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

export interface EventStreamOptions {
  /** Characters that one event may have. */
  readonly maxLength: number;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onTooLong: () => void;
}

/** Reads `text/event-stream` (HTML standard, server-sent events, 9.2.6), keeping no more than one event of bounded length. */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #decoder = new StringDecoder('utf8');
  /** Pieces of a line whose end has not come yet. */
  #line: string[] = [];
  #length = 0;
  /** Set while the rest of an event that was too long is passed over. */
  #skipping = false;
  #carriageReturn = false;
  #first = true;
  #type = '';
  #data: string[] = [];
  /** Milliseconds to wait before asking for the rest of a broken stream; undefined when the server did not say. */
  retryMs: number | undefined;
  /** Where to take up a broken stream; undefined when the server numbers nothing. */
  lastEventId: string | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  feed(chunk: Buffer): void {
    let text = this.#decoder.write(chunk);
    if (this.#first && text !== '') {
      this.#first = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (this.#carriageReturn || text.includes('\r')) text = this.#onlyLineFeeds(text);
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const piece = text.slice(start, end);
      start = end + 1;
      if (this.#line.length === 0) this.#take(piece);
      else this.#take(this.#line.join('') + piece);
      this.#line = [];
    }
    if (start < text.length) this.#keep(text.slice(start));
  }

  /** CR and CR LF end lines too; a CR at the end of a chunk waits for what follows. */
  #onlyLineFeeds(text: string): string {
    const whole = this.#carriageReturn ? `\r${text}` : text;
    this.#carriageReturn = whole.endsWith('\r');
    return (this.#carriageReturn ? whole.slice(0, -1) : whole).replace(/\r\n?/g, '\n');
  }

  #keep(piece: string): void {
    if (this.#skipping) this.#line = [piece.slice(0, 1)];
    else this.#line.push(piece);
    this.#count(piece.length);
  }

  #count(length: number): void {
    this.#length += length;
    if (this.#skipping || this.#length <= this.#options.maxLength) return;
    this.#skipping = true;
    this.#line = this.#line.slice(0, 1).map((start) => start.slice(0, 1));
    this.#data = [];
    this.#options.onTooLong();
  }

  #take(line: string): void {
    if (line === '') return this.#dispatch();
    if (this.#skipping) return;
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') {
      this.#data.push(value);
      this.#count(value.length);
    } else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) this.lastEventId = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
  }

  #dispatch(): void {
    const data = this.#data;
    const type = this.#type === '' ? 'message' : this.#type;
    this.#data = [];
    this.#type = '';
    this.#length = 0;
    this.#skipping = false;
    if (data.length > 0) this.#options.onEvent({ type, data: data.length === 1 ? (data[0] ?? '') : data.join('\n') });
  }
}
