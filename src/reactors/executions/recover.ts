import { v7 as uuidv7 } from 'uuid';
import { endExecution } from '../../commands/executions.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import type { Principal } from '../../domain/access/principal.ts';

const system: Principal = {
  actor: 'system:recovery',
  userId: null,
  tenant: 'default',
  roles: ['operator'],
  sessionId: null,
};

/**
 * Ends the calls that a process which is gone has left running: nobody knows any more whether the server acted.
 * @param unfinished ids of executions without an end, as of the start of this process
 * @returns how many were ended
 * @throws AggregateError some could not be ended; the others are
 */
export async function endInterrupted(deps: CommandDeps, unfinished: readonly string[]): Promise<number> {
  const failures: unknown[] = [];
  for (const id of unfinished) {
    const commandId = uuidv7();
    const context = { commandId, principal: system, correlationId: commandId };
    const message = 'the platform stopped while this call ran: its outcome is not known';
    const error = { code: 'execution_interrupted', message };
    try {
      await endExecution(deps, context, id, { type: 'FailExecution', error, durationMs: 0 });
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} of ${unfinished.length} were not ended`);
  return unfinished.length;
}
