import { StringDecoder } from 'node:string_decoder';

const MAX_LINE = 4096;

/** Cuts a stream of bytes into lines of text of bounded length; a longer line comes in pieces. */
export class TextLines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  feed(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line.replace(/\r$/, ''));
    if (this.#rest.length >= MAX_LINE) this.end();
  }

  /** Hands out what has no line end yet. */
  end(): void {
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }

  #emit(line: string): void {
    for (let start = 0; start === 0 || start < line.length; start += MAX_LINE) {
      this.#onLine(line.slice(start, start + MAX_LINE));
    }
  }
}
