import type { Position } from '../../ports/event-store.ts';
import type { DeadLetter } from '../../ports/read-model.ts';

/** The streams that wait with dead letters, as the store has them, so that asking costs no read. */
export interface ParkedStreams {
  /** Letters of all streams. */
  readonly letters: number;
  has(stream: string): boolean;
  park(letters: readonly Pick<DeadLetter, 'stream' | 'position'>[]): void;
  resolve(streams: readonly { readonly stream: string; readonly through: Position }[]): void;
}

export function createParkedStreams(stored: readonly DeadLetter[]): ParkedStreams {
  const waiting = new Map<string, Set<Position>>();
  let letters = 0;

  function park(added: readonly Pick<DeadLetter, 'stream' | 'position'>[]): void {
    for (const { stream, position } of added) {
      const positions = waiting.get(stream) ?? new Set();
      waiting.set(stream, positions);
      if (!positions.has(position)) letters++;
      positions.add(position);
    }
  }

  park(stored);
  return {
    get letters() {
      return letters;
    },
    has: (stream) => waiting.has(stream),
    park,
    resolve(streams) {
      for (const { stream, through } of streams) {
        const positions = waiting.get(stream) ?? new Set();
        for (const position of positions) {
          if (position > through) continue;
          positions.delete(position);
          letters--;
        }
        if (positions.size === 0) waiting.delete(stream);
      }
    },
  };
}
