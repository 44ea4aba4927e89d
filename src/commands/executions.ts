import { derivedId } from './derived-id.ts';
import { executionDecider, type ExecutionCommand, type ExecutionState } from '../domain/execution/decider.ts';
import type { ExecutionError, ExecutionRequest } from '../domain/execution/events.ts';
import { following, type CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { load } from './load.ts';
import { handle, type Outcome } from './transaction.ts';

export type ExecutionOutcome = Extract<
  ExecutionCommand,
  { type: 'SucceedExecution' | 'FailExecution' | 'TimeOutExecution' | 'CancelExecution' }
>;

/** Records that a call was asked for and begins now; the execution's id is the command's. */
export function runExecution(
  deps: CommandDeps,
  context: CommandContext,
  request: ExecutionRequest,
): Promise<Outcome<ExecutionState>> {
  return handle(deps, context, executionDecider, context.commandId, { type: 'RunExecution', request }, { fresh: true });
}

/** Records a call that was asked for and could not begin. */
export function refuseExecution(
  deps: CommandDeps,
  context: CommandContext,
  request: ExecutionRequest,
  error: ExecutionError,
): Promise<Outcome<ExecutionState>> {
  const command: ExecutionCommand = { type: 'RefuseExecution', request, error };
  return handle(deps, context, executionDecider, context.commandId, command, { fresh: true });
}

/** Records how a call ended. The first end stands; a later one changes nothing. */
export function endExecution(
  deps: CommandDeps,
  context: CommandContext,
  id: string,
  outcome: ExecutionOutcome,
): Promise<Outcome<ExecutionState>> {
  // An end is a command of its own, the same one each time, so that it may be tried again.
  const commandId = derivedId(outcome.type, id);
  return handle(deps, following(context, commandId), executionDecider, id, outcome);
}

/** The execution as of its last event; `none` when there is no such execution. */
export async function loadExecution(deps: CommandDeps, id: string): Promise<ExecutionState> {
  return (await load(deps.store, deps.aggregates, executionDecider, `execution-${id}`)).state;
}
