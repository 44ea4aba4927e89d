import { appendFileSync, existsSync, readFileSync } from 'node:fs';

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface Stored extends Proposed {
  readonly stream: string;
  readonly revision: number;
  /** Byte offset, as the server counts: commit and prepare position are both this. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** -1: no stream. `any` and `exists` are there because the protocol has them. */
export type Expected = number | 'any' | 'exists';

export type Appended =
  { readonly written: true; readonly last: Stored } | { readonly written: false; readonly current: number };

/** What one event takes besides its bytes: any number will do, so long as positions are not a count. */
const OVERHEAD = 61;

/** The type of a tombstone, as `$all` shows it. */
const TOMBSTONE = '$streamDeleted';

/** Every so many appends the server would have written something of its own. */
const APPENDS_BETWEEN_SYSTEM_EVENTS = 3;

/**
 * The stand-in's log: in memory, and in a file when it has one. It begins with events of the server's own and gets more
 * of them in between, as a server's does.
 */
export class StandInLog {
  readonly events: Stored[] = [];
  readonly #streams = new Map<string, Stored[]>();
  readonly #listeners = new Set<() => void>();
  readonly #file: string | undefined;
  readonly #clock: () => number;
  #next = 0;
  #appends = 0;

  constructor(options: { readonly file?: string; readonly clock?: () => number } = {}) {
    this.#file = options.file;
    this.#clock = options.clock ?? Date.now;
    if (options.file !== undefined && existsSync(options.file)) {
      for (const line of readFileSync(options.file, 'utf8').split('\n')) if (line !== '') this.#keep(fromLine(line));
    }
    if (this.events.length === 0) this.#writeSystemEvent();
  }

  stream(name: string): readonly Stored[] {
    return this.#streams.get(name) ?? [];
  }

  /** Calls back after each append, until the function it answers is called. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a stream has a tombstone: it is read no more, and takes nothing more. Its events stand in the log still. */
  isDeleted(stream: string): boolean {
    return this.stream(stream).at(-1)?.type === TOMBSTONE;
  }

  /** Writes a tombstone, which the server keeps as an event of the stream. */
  tombstone(stream: string): Stored {
    const stored = this.#write(stream, {
      id: crypto.randomUUID(),
      type: TOMBSTONE,
      contentType: 'application/octet-stream',
      data: Buffer.alloc(0),
      metadata: Buffer.alloc(0),
    });
    for (const listener of [...this.#listeners]) listener();
    return stored;
  }

  /** The server's rules: the revision must be right, or the same event ids must stand where these would go. */
  append(stream: string, expected: Expected, proposed: readonly Proposed[]): Appended {
    const there = this.stream(stream);
    const current = there.length - 1;
    const wrong = expected === 'exists' ? current < 0 : expected !== 'any' && expected !== current;
    if (wrong) {
      const recorded = typeof expected === 'number' ? there.slice(expected + 1, expected + 1 + proposed.length) : [];
      const last = recorded.at(-1);
      const same = recorded.length === proposed.length && recorded.every(({ id }, index) => id === proposed[index]?.id);
      return same && last !== undefined ? { written: true, last } : { written: false, current };
    }
    let last: Stored | undefined;
    for (const event of proposed) last = this.#write(stream, event);
    if (++this.#appends % APPENDS_BETWEEN_SYSTEM_EVENTS === 0) this.#writeSystemEvent();
    for (const listener of [...this.#listeners]) listener();
    if (last === undefined) throw new Error('an append of no events');
    return { written: true, last };
  }

  /** Index of the first event at or after a position. */
  indexOf(position: number): number {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.position ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #writeSystemEvent(): void {
    this.#write('$stats-stand-in', {
      id: crypto.randomUUID(),
      type: '$statsCollected',
      contentType: 'application/json',
      data: Buffer.from('{"proc-cpu":0}'),
      metadata: Buffer.alloc(0),
    });
  }

  #write(stream: string, event: Proposed): Stored {
    const stored = {
      ...event,
      stream,
      revision: this.stream(stream).length,
      position: this.#next,
      created: this.#clock(),
    };
    this.#keep(stored);
    if (this.#file !== undefined) appendFileSync(this.#file, toLine(stored));
    return stored;
  }

  #keep(event: Stored): void {
    this.events.push(event);
    const there = this.#streams.get(event.stream);
    if (there === undefined) this.#streams.set(event.stream, [event]);
    else there.push(event);
    this.#next = event.position + OVERHEAD + event.stream.length + event.data.length + event.metadata.length;
  }
}

function toLine(event: Stored): string {
  return `${JSON.stringify({ ...event, data: event.data.toString('base64'), metadata: event.metadata.toString('base64') })}\n`;
}

function fromLine(line: string): Stored {
  const event = JSON.parse(line) as Omit<Stored, 'data' | 'metadata'> & { data: string; metadata: string };
  return { ...event, data: Buffer.from(event.data, 'base64'), metadata: Buffer.from(event.metadata, 'base64') };
}
