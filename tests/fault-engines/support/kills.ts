import { setTimeout as passes } from 'node:timers/promises';
import { until } from '../../http/support/until.ts';
import { startWarmChild, type WarmChild } from './warm-child.ts';

/** How many are killed; a quick run sets fewer. */
export const KILLS = Number(process.env['ANNALS_TEST_KILLS'] ?? 100);

/** Children that are loaded while others work. */
const WARM = 2;

/** Milliseconds within which the kill meets a child after it has done something. */
const MOMENT_MS = 60;

export interface Kills<Message> {
  readonly program: URL;
  readonly settings: object;
  /** Whether a child has done something of what it is there for. */
  readonly isAtWork: (told: Message) => boolean;
}

/**
 * Lets children do the same work one after the other, each until it is killed in the middle of it. One time in three the next
 * one begins before the last one is dead. @returns how many had got to work before they died
 */
export async function killAgainAndAgain<Message extends object>(kills: Kills<Message>): Promise<number> {
  const { program, settings, isAtWork } = kills;
  const launch = () => startWarmChild<Message>(program, settings);
  const warm: WarmChild<Message>[] = Array.from({ length: WARM }, launch);
  let last: WarmChild<Message> | undefined;
  let worked = 0;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = warm.shift() ?? launch();
      warm.push(launch());
      if (kill % 3 !== 0) await last?.kill();
      await child.go();
      await last?.kill();
      last = child;
      // One in five dies while it opens what it needs.
      if (kill % 5 !== 4) {
        const isWorking = () => {
          const told = child.told();
          return told !== undefined && isAtWork(told);
        };
        await until(isWorking, 'the child does something', 30_000);
        worked++;
      }
      await passes(Math.random() * MOMENT_MS);
    }
  } finally {
    for (const child of [last, ...warm]) await child?.kill();
  }
  return worked;
}
