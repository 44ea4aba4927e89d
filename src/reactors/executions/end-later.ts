import type { CommandContext } from '../../commands/context.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { endExecution, type ExecutionOutcome } from '../../commands/executions.ts';
import type { Logger } from '../../ports/logger.ts';
import { StoreUnavailable, type OutcomeUnknown } from '../../ports/unavailable.ts';

/** Milliseconds between two tries: doubled from the first to the second figure. */
const [firstDelayMs, longestDelayMs] = [500, 15_000];

/** Milliseconds in which a caller may send a call again whose beginning was lost, so that it goes on. */
const SENT_AGAIN_MS = 5_000;

const interrupted = {
  code: 'execution_interrupted',
  message: 'the event log went away while this call was begun: the server was not asked',
};

/**
 * Keeps the ends of calls that could not be recorded because the store was away (a full disk, say), and records them
 * when it is back. The call has happened: to forget how it ended would leave it running in the record for ever.
 */
export function createLateEnds(deps: CommandDeps, logger: Logger) {
  const timers = new Set<NodeJS.Timeout>();
  /** Calls that may have been begun, by their ids, with every attempt to do so. */
  const inDoubt = new Map<string, readonly OutcomeUnknown[]>();

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

  async function wasBegun(attempts: readonly OutcomeUnknown[]): Promise<boolean> {
    for (const attempt of attempts) if (await attempt.wasRecorded()) return true;
    return false;
  }

  /** Ends a call that was begun and went no further, unless somebody has taken it over. */
  async function giveUp(context: CommandContext, id: string): Promise<boolean> {
    const attempts = inDoubt.get(id);
    if (attempts === undefined) return false;
    if (!(await wasBegun(attempts))) {
      inDoubt.delete(id);
      return false;
    }
    const end = () => record(context, id, { type: 'FailExecution', error: interrupted, durationMs: 0 });
    later(id, async () => inDoubt.delete(id) && (await endOrKeep(id, end)), SENT_AGAIN_MS);
    return false;
  }

  async function endOrKeep(id: string, end: () => Promise<true>): Promise<boolean> {
    try {
      return await end();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      later(id, end, firstDelayMs);
      return false;
    }
  }

  return {
    /** Takes over an end that could not be recorded. */
    keep(context: CommandContext, id: string, outcome: ExecutionOutcome): void {
      later(id, () => record(context, id, outcome), firstDelayMs);
    },
    /**
     * Remembers a call whose beginning may be in the log. Where it is, the call can be taken over for a while by who sends
     * it again; then it gets an end.
     */
    doubt(context: CommandContext, id: string, attempt: OutcomeUnknown): void {
      const before = inDoubt.get(id);
      inDoubt.set(id, [...(before ?? []), attempt]);
      if (before === undefined) later(id, () => giveUp(context, id), firstDelayMs);
    },
    /**
     * Whether this call was begun here and went no further: whoever is told so runs it on.
     * @throws StoreUnavailable that cannot be told yet
     */
    async takeOver(id: string): Promise<boolean> {
      const attempts = inDoubt.get(id);
      if (attempts === undefined || !(await wasBegun(attempts))) return false;
      // Nobody else has meanwhile, be it to end it.
      return inDoubt.delete(id);
    },
    /** Gives up what is still kept; the next start ends those calls as interrupted. */
    close(): void {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      inDoubt.clear();
    },
  };
}
