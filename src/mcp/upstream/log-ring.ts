import type { UpstreamLogLine } from '../../ports/upstream.ts';

const MAX_LINES = 1000;
const MAX_CHARACTERS = 512 * 1024;

/** The last lines that a server wrote, oldest first; old lines make room for new ones. */
export class LogRing {
  readonly #lines: UpstreamLogLine[] = [];
  #characters = 0;

  add(text: string): void {
    this.#lines.push({ at: new Date().toISOString(), text });
    this.#characters += text.length;
    while (this.#lines.length > MAX_LINES || this.#characters > MAX_CHARACTERS) {
      this.#characters -= this.#lines.shift()?.text.length ?? 0;
    }
  }

  lines(): readonly UpstreamLogLine[] {
    return [...this.#lines];
  }
}
