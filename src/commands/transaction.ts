import type { Decider } from '../domain/decider.ts';
import { DomainError } from '../domain/error.ts';
import type { DomainEvent } from '../domain/event.ts';
import { WrongExpectedRevision } from '../ports/event-store.ts';
import { StoreUnavailable } from '../ports/unavailable.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { PreconditionFailed } from './precondition-failed.ts';
import type { DecideOptions, Outcome, Transaction } from './transaction-types.ts';
import { UnitOfWork, type Progress } from './unit-of-work.ts';

export type { Claim, DecideOptions, Outcome, Transaction } from './transaction-types.ts';

const retries = 3;

/**
 * Runs `work` against the log as it stands and appends all that it decided in one transaction, at the revisions it was
 * decided on. When another command was faster, all of it is decided again, at most three times more. A command that the
 * log has already is answered from there, and records nothing more on any stream.
 *
 * A store that writes one stream at a time gets claims first, then the rest in the order of decision, then what comes
 * last. A command that ended in between goes on where it ended when it comes again; what it had claimed is given back
 * when it is refused, and taken over by others when it never comes again (docs/decisions/eventstoredb.md).
 * @throws DomainError the rules refuse; PreconditionFailed the caller saw another revision;
 *   WrongExpectedRevision conflicts did not end; StoreUnavailable nothing was recorded
 */
export async function transact<Result>(
  deps: CommandDeps,
  context: CommandContext,
  work: (transaction: Transaction) => Promise<() => Result>,
): Promise<Result> {
  const progress: Progress = { recorded: new Map(), claims: new Map() };
  for (let attempt = 0; ; attempt++) {
    const unit = new UnitOfWork(deps, context, attempt === 0, progress);
    try {
      const answer = await work(unit);
      if ((await unit.commit()) === 'done') return answer();
      // The next round finds in the log what was recorded before.
      if (attempt > retries) throw new Error(`the log has command ${context.commandId} and does not show it`);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision) || attempt >= retries) {
        if (isRefusal(error)) await withdraw(progress);
        throw error;
      }
      deps.aggregates.delete(error.stream);
      await jitter(attempt);
    }
  }
}

/** The command came to nothing, and that is known: not so when the store was unavailable. */
function isRefusal(error: unknown): boolean {
  return error instanceof DomainError || error instanceof PreconditionFailed || error instanceof WrongExpectedRevision;
}

async function withdraw({ claims }: Progress): Promise<void> {
  for (const claim of claims.values()) {
    try {
      await claim.withdraw();
    } catch (error) {
      // What cannot be given back now is taken over by the next one who wants it.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
}

/** One command on one stream. */
export function handle<State, Command, Event extends DomainEvent>(
  deps: CommandDeps,
  context: CommandContext,
  decider: Decider<State, Command, Event>,
  id: string,
  command: Command | ((state: State) => Command),
  options?: DecideOptions,
): Promise<Outcome<State>> {
  return transact(deps, context, (transaction) => transaction.decide(decider, id, command, options));
}

/** 1–5, 2–10, 4–20 ms: long enough for the other command to end, too short to be felt. */
async function jitter(attempt: number): Promise<void> {
  const ms = 2 ** attempt * (1 + Math.random() * 4);
  await new Promise((resolve) => setTimeout(resolve, ms));
}
