import type { AuditRead } from '../domain/access/events.ts';
import type { Decider } from '../domain/decider.ts';
import { following, type CommandContext } from './context.ts';
import { derivedId } from './derived-id.ts';
import type { CommandDeps } from './deps.ts';
import { createOnceAMinute } from './once-a-minute.ts';
import { handle } from './transaction.ts';

const decider: Decider<null, AuditRead['data'], AuditRead> = {
  category: 'audit',
  initialState: null,
  evolve: () => null,
  decide: (data) => [{ type: 'AuditRead', data }],
};

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

export function createAuditReads(deps: CommandDeps): AuditReads {
  const onceAMinute = createOnceAMinute(deps.clock);
  return {
    async record(context, what, filter) {
      const asked = asText(filter);
      const reading = JSON.stringify([what, asked]);
      await onceAMinute(context.principal.actor, reading, (andMore) => {
        const commandId = derivedId(`audit read ${reading}`, context.commandId);
        const data: AuditRead['data'] = { what, filter: asked, ...(andMore && { andMore: true as const }) };
        return handle(deps, following(context, commandId), decider, commandId, data, { fresh: true });
      });
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
