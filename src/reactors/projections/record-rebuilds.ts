import { v5 as uuidv5 } from 'uuid';
import type { CommandContext } from '../../commands/context.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { handle } from '../../commands/transaction.ts';
import type { Decider } from '../../domain/decider.ts';
import type { ProjectionEvent } from '../../domain/projection/events.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ProjectionControl, RebuildStatus } from '../../ports/projection-control.ts';

/** What happens to read models is told to the log; nothing is decided from it. */
const projectionDecider: Decider<null, ProjectionEvent, ProjectionEvent> = {
  category: 'projection',
  initialState: null,
  evolve: () => null,
  decide: (event) => [event],
};

/** Records one fact about a read model. */
export async function recordOnProjection(
  deps: CommandDeps,
  context: CommandContext,
  name: string,
  event: ProjectionEvent,
): Promise<number> {
  return (await handle(deps, context, projectionDecider, name, event)).position;
}

/** Starts rebuilds for callers, and records how each of them ends. */
export function createRebuilds(deps: CommandDeps, control: ProjectionControl, logger: Logger) {
  const callers = new Map<string, CommandContext>();

  control.onRebuildChange((status) => {
    const context = callers.get(status.id);
    const event = ended(status);
    if (!context || !event) return;
    callers.delete(status.id);
    const commandId = uuidv5(event.type, context.commandId);
    const own = { ...context, commandId, causationId: context.commandId };
    recordOnProjection(deps, own, status.projection, event).catch((error: unknown) => {
      logger.error({ rebuild: status.id, error: String(error) }, 'the end of a rebuild could not be recorded');
    });
  });

  return {
    /** Starts a rebuild; its id is the command's. @throws DomainError `projection_not_found`, `rebuild_running` */
    async start(context: CommandContext, name: string): Promise<RebuildStatus> {
      const rebuildId = context.commandId;
      callers.set(rebuildId, context);
      try {
        const status = await control.rebuild(name, rebuildId);
        const data = { rebuildId, version: status.version };
        await recordOnProjection(deps, context, name, { type: 'ProjectionRebuildStarted', data });
        return status;
      } catch (error) {
        callers.delete(rebuildId);
        throw error;
      }
    },
  };
}

function ended(status: RebuildStatus): ProjectionEvent | undefined {
  const { id: rebuildId, version, done: events, startedAt, finishedAt } = status;
  if (status.status === 'running' || finishedAt === null) return undefined;
  if (status.status === 'failed') {
    const message = status.error ?? 'unknown';
    return { type: 'ProjectionRebuildFailed', data: { rebuildId, version, message } };
  }
  const durationMs = Date.parse(finishedAt) - Date.parse(startedAt);
  return { type: 'ProjectionRebuildCompleted', data: { rebuildId, version, events, durationMs } };
}
