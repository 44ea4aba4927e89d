import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that projecting may hold the thread before others have their turn. */
const TURN_MS = 4;

/** Lets the rest of the program have its turn now and then. One for each piece of work. */
export interface Pace {
  /** Returns at once while the turn lasts, else in the next turn of the event loop. */
  breathe(): Promise<void>;
}

export function createPace(): Pace {
  let since = performance.now();
  return {
    async breathe() {
      if (performance.now() - since < TURN_MS) return;
      await nextTurn();
      since = performance.now();
    },
  };
}

/** For a thread that does nothing else. */
export const unhurried: Pace = { breathe: () => Promise.resolve() };
