export interface MessageLinesOptions {
  readonly maxBytes: number;
  readonly onLine: (line: string) => void;
  /** A line was longer than `maxBytes` and was skipped. Its JSON-RPC id, as far as the line shows it. */
  readonly onTooLong: (id: number | undefined) => void;
  /** A line went on so long past the limit that no end of it is to be expected. */
  readonly onEndless: () => void;
}

const LINE_FEED = 10;
const EDGE = 1024;
/** How many times `maxBytes` a line may be before it counts as endless. */
const PATIENCE = 4;

/**
 * Cuts standard output into lines, each of which should be one JSON-RPC message (MCP, stdio transport). A line past the
 * limit is read on but not kept: of it, only the two ends where serializers put the id are.
 */
export class MessageLines {
  readonly #options: MessageLinesOptions;
  #parts: Buffer[] = [];
  #size = 0;
  /** The end of a line that is being skipped. */
  #tail: Buffer | undefined;
  #told = false;

  constructor(options: MessageLinesOptions) {
    this.#options = options;
  }

  feed(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      this.#add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  #add(piece: Buffer): void {
    const before = this.#size;
    this.#size += piece.length;
    if (this.#size <= this.#options.maxBytes) {
      this.#parts.push(piece);
      return;
    }
    if (before <= this.#options.maxBytes) this.#startSkipping(piece);
    const tail = this.#tail ?? Buffer.alloc(0);
    this.#tail = Buffer.concat([tail, piece.subarray(-EDGE)]).subarray(-EDGE);
    const endless = this.#options.maxBytes * PATIENCE;
    if (before <= endless && this.#size > endless) this.#options.onEndless();
  }

  #startSkipping(piece: Buffer): void {
    const head = Buffer.concat([...this.#parts, piece].map((part) => part.subarray(0, EDGE))).subarray(0, EDGE);
    this.#parts = [];
    const id = idAtHead(head.toString('latin1'));
    if (id !== undefined) {
      this.#told = true;
      this.#options.onTooLong(id);
    }
  }

  #finish(): void {
    const tail = this.#tail;
    const parts = this.#parts;
    const told = this.#told;
    this.#parts = [];
    this.#size = 0;
    this.#tail = undefined;
    this.#told = false;
    if (tail !== undefined) {
      if (!told) this.#options.onTooLong(idAtTail(tail.toString('latin1')));
      return;
    }
    const [only] = parts;
    if (only !== undefined) this.#options.onLine((parts.length === 1 ? only : Buffer.concat(parts)).toString());
  }
}

/** `{"jsonrpc":"2.0","id":7,…`, as most servers write it. */
function idAtHead(text: string): number | undefined {
  const match = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** `…},"jsonrpc":"2.0","id":7}`, as the SDK for TypeScript writes it. */
function idAtTail(text: string): number | undefined {
  const match = /,\s*"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
