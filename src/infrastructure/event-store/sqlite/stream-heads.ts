import type { Revision } from '../../../ports/event-store.ts';

const MOST = 50_000;

/**
 * The last revisions of the streams used most recently, so that checking an expected revision seldom needs the disk.
 * Two generations stand in for an exact order of use: when the young one is full it becomes the old one, and what was
 * not asked for in the meantime is forgotten.
 */
export class StreamHeads {
  #young = new Map<string, Revision>();
  #old = new Map<string, Revision>();

  get(stream: string): Revision | undefined {
    const young = this.#young.get(stream);
    if (young !== undefined) return young;
    const old = this.#old.get(stream);
    if (old !== undefined) this.set(stream, old);
    return old;
  }

  set(stream: string, revision: Revision): void {
    this.#young.set(stream, revision);
    if (this.#young.size < MOST / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
