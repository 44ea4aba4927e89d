import { LRUCache } from 'lru-cache';
import type { AuditRead } from '../domain/access/events.ts';
import type { Decider } from '../domain/decider.ts';
import { following, type CommandContext } from './context.ts';
import { derivedId } from './derived-id.ts';
import type { CommandDeps } from './deps.ts';
import { handle } from './transaction.ts';

const decider: Decider<null, AuditRead['data'], AuditRead> = {
  category: 'audit',
  initialState: null,
  evolve: () => null,
  decide: (data) => [{ type: 'AuditRead', data }],
};

const MINUTE_MS = 60_000;
/** Different readings of one actor in a minute that are recorded one by one. */
const MOST_A_MINUTE = 30;
/** Actors that are remembered. */
const MOST_ACTORS = 10_000;
const LONGEST_VALUE = 500;

/** Keeps the record of who read the record. */
export interface AuditReads {
  /**
   * Records a reading, durable when it returns. The same reading by the same actor is recorded once a minute, so that a page
   * that asks again and again does not fill the log; of more than thirty different ones in a minute, it is recorded that
   * there may be more. @throws StoreUnavailable it could not be recorded: nothing may be read then
   */
  record(
    context: CommandContext,
    what: AuditRead['data']['what'],
    filter: Readonly<Record<string, unknown>>,
  ): Promise<void>;
}

interface Minute {
  readonly until: number;
  /** Readings, and when they are recorded. */
  readonly seen: Map<string, Promise<unknown>>;
}

export function createAuditReads(deps: CommandDeps): AuditReads {
  const minutes = new LRUCache<string, Minute>({ max: MOST_ACTORS });
  return {
    async record(context, what, filter) {
      const { actor } = context.principal;
      const now = deps.clock();
      let minute = minutes.get(actor);
      if (minute === undefined || now >= minute.until || now < minute.until - MINUTE_MS) {
        minute = { until: now + MINUTE_MS, seen: new Map() };
        minutes.set(actor, minute);
      }
      const asked = asText(filter);
      const reading = JSON.stringify([what, asked]);
      const { seen } = minute;
      if (!seen.has(reading)) {
        if (seen.size > MOST_A_MINUTE) return;
        const andMore = seen.size === MOST_A_MINUTE;
        const commandId = derivedId(`audit read ${reading}`, context.commandId);
        const data: AuditRead['data'] = { what, filter: asked, ...(andMore && { andMore: true as const }) };
        seen.set(reading, handle(deps, following(context, commandId), decider, commandId, data, { fresh: true }));
      }
      try {
        await seen.get(reading);
      } catch (error) {
        // It is not recorded, so the next one has to be.
        seen.delete(reading);
        throw error;
      }
    },
  };
}

function asText(filter: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value).slice(0, LONGEST_VALUE)]),
  );
}
