import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { useRecordedEveryMs } from '../../commands/api-keys.ts';
import type { CommandContext } from '../../commands/context.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Logger } from '../../ports/logger.ts';

/** Where a credential comes from. */
export interface Caller {
  readonly correlationId: string;
  readonly remoteAddress: string | undefined;
}

export interface UseRecorder {
  /** Has the use of a credential recorded, unless this process did so less than a minute ago. */
  readonly used: (id: string, principal: Principal, caller: Caller) => void;
  /** Answers when what was to be recorded is. */
  readonly close: () => Promise<void>;
}

interface Recording {
  readonly record: (command: CommandContext, id: string, address: string | undefined) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly logger: Logger;
  /** In the words of the log. */
  readonly what: string;
}

/** Credentials remembered at most. */
const capacity = 10_000;

/** Records that credentials are used, beside the requests: a call is not slower for it, and is served when it fails. */
export function createUseRecorder({ record, clock, logger, what }: Recording): UseRecorder {
  /** Id -> when its use was recorded last by this process. */
  const recorded = new LRUCache<string, number>({ max: capacity });
  const recording = new Set<Promise<void>>();
  return {
    used(id, principal, caller) {
      const now = clock();
      if (now - (recorded.get(id) ?? -Infinity) < useRecordedEveryMs) return;
      recorded.set(id, now);
      const work: Promise<void> = record(commandOf(principal, caller), id, caller.remoteAddress)
        .catch((error: unknown) => {
          recorded.delete(id);
          logger.warn({ error }, `the use of ${what} could not be recorded`);
        })
        .finally(() => recording.delete(work));
      recording.add(work);
    },
    close: async () => {
      await Promise.all(recording);
    },
  };
}

/** A command that nobody sent: the platform's own, about a credential that somebody uses. */
export function commandOf(principal: Principal, { correlationId, remoteAddress }: Caller): CommandContext {
  const base = { commandId: uuidv7(), principal, correlationId };
  return remoteAddress === undefined ? base : { ...base, remoteAddress };
}
