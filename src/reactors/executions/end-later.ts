import type { CommandContext } from '../../commands/context.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { endExecution, type ExecutionOutcome } from '../../commands/executions.ts';
import type { Logger } from '../../ports/logger.ts';
import { StoreUnavailable, type OutcomeUnknown } from '../../ports/unavailable.ts';

/** Milliseconds between two tries: doubled from the first to the second figure. */
const [firstDelayMs, longestDelayMs] = [500, 15_000];

/**
 * Keeps the ends of calls that could not be recorded because the store was away (a full disk, say), and records them
 * when it is back. The call has happened: to forget how it ended would leave it running in the record for ever.
 */
export function createLateEnds(deps: CommandDeps, logger: Logger) {
  const timers = new Set<NodeJS.Timeout>();

  function later(id: string, end: () => Promise<boolean>, delayMs: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      end().then(
        (recorded) => {
          if (recorded) logger.info({ execution: id }, 'the end of a call is recorded, late');
        },
        (error: unknown) => {
          if (error instanceof StoreUnavailable) later(id, end, Math.min(delayMs * 2, longestDelayMs));
          else logger.error({ execution: id, error: String(error) }, 'the end of a call cannot be recorded');
        },
      );
    }, delayMs);
    timers.add(timer);
  }

  async function record(context: CommandContext, id: string, outcome: ExecutionOutcome): Promise<true> {
    await endExecution(deps, context, id, outcome);
    return true;
  }

  return {
    /** Takes over an end that could not be recorded. */
    keep(context: CommandContext, id: string, outcome: ExecutionOutcome): void {
      later(id, () => record(context, id, outcome), firstDelayMs);
    },
    /** Takes over a call whose beginning may be in the log: where it is, the call gets an end. It went no further. */
    settle(context: CommandContext, id: string, { wasRecorded }: OutcomeUnknown): void {
      const message = 'the event log went away while this call was begun: the server was not asked';
      const outcome = {
        type: 'FailExecution',
        error: { code: 'execution_interrupted', message },
        durationMs: 0,
      } as const;
      later(id, async () => (await wasRecorded()) && record(context, id, outcome), firstDelayMs);
    },
    /** Gives up what is still kept; the next start ends those calls as interrupted. */
    close(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
