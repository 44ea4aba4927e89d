import type { EventSource } from '../../../src/infrastructure/event-bus/kafka/event-source.ts';
import type { Announcement } from '../../../src/infrastructure/event-bus/kafka/message.ts';

export type Deliver = (announcements: readonly Announcement[]) => void;

/** How often what goes wrong, from 0 to 1 for each message. */
export interface FaultPlan {
  readonly seed: number;
  readonly lose: number;
  readonly repeat: number;
  readonly hold: number;
  readonly pause: number;
}

/** What went wrong in fact. */
export interface FaultCounts {
  lost: number;
  repeated: number;
  held: number;
  pauses: number;
}

const PAUSE_MS = 120;

/** Stands between a source and its bus: loses messages, repeats old ones, lets some overtake others, and stops at times. */
export function withFaults(source: (deliver: Deliver) => EventSource, plan: FaultPlan, counts: FaultCounts) {
  const random = randomOf(plan.seed);
  return (deliver: Deliver): EventSource => {
    const past: Announcement[] = [];
    let held: Announcement[] = [];
    let paused: NodeJS.Timeout | undefined;
    const flush = (): void => {
      const all = held.toSorted(() => random() - 0.5);
      held = [];
      deliver(all);
    };
    const inner = source((announcements) => {
      const now: Announcement[] = [];
      for (const announcement of announcements) {
        past.push(announcement);
        if (random() < plan.lose) counts.lost++;
        else if (paused !== undefined || random() < plan.hold) counts.held += held.push(announcement) > 0 ? 1 : 0;
        else now.push(announcement);
        if (random() < plan.repeat) {
          counts.repeated++;
          now.push(past[Math.floor(random() * past.length)] ?? announcement);
        }
        if (paused === undefined && random() < plan.pause) {
          counts.pauses++;
          paused = setTimeout(() => {
            paused = undefined;
            flush();
          }, PAUSE_MS);
        }
      }
      if (paused === undefined && held.length > 0 && random() < 0.5) flush();
      deliver(now);
    });
    return {
      isAlive: () => inner.isAlive(),
      renew: () => inner.renew(),
      async close() {
        clearTimeout(paused);
        await inner.close();
      },
    };
  };
}

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
