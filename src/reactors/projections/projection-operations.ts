import { derivedId } from '../../commands/derived-id.ts';
import { following, type CommandContext } from '../../commands/context.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { handle } from '../../commands/transaction.ts';
import type { Decider } from '../../domain/decider.ts';
import type { ProjectionEvent } from '../../domain/projection/events.ts';
import type { Position } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ProjectionControl, RebuildStatus } from '../../ports/projection-control.ts';
import type { ProjectionOperations } from '../../ports/projection-operations.ts';
import type { RebuildReports } from './rebuild-reports.ts';

/** What happens to read models is told to the log; nothing is decided from it. */
const projectionDecider: Decider<null, ProjectionEvent, ProjectionEvent> = {
  category: 'projection',
  initialState: null,
  evolve: () => null,
  decide: (event) => [event],
};

/** Operators' work on read models, recorded as it begins and as it ends. */
export function createProjectionOperations(
  deps: CommandDeps,
  control: ProjectionControl,
  reports: RebuildReports,
  logger: Logger,
): ProjectionOperations<CommandContext> {
  /** Rebuilds whose end is to be recorded: each after its start, however quick it was. */
  const begun = new Map<string, { readonly context: CommandContext; readonly recorded: Promise<unknown> }>();

  async function record(context: CommandContext, name: string, event: ProjectionEvent): Promise<Position> {
    return (await handle(deps, context, projectionDecider, name, event)).position;
  }

  control.onRebuildChange((status) => {
    const rebuild = begun.get(status.id);
    const event = endOf(status);
    if (!rebuild || !event) return;
    begun.delete(status.id);
    const { context, recorded } = rebuild;
    const own = following(context, derivedId(event.type, context.commandId));
    recorded
      .then(() => record(own, status.projection, event))
      .catch((error: unknown) => {
        logger.error({ rebuild: status.id, err: error }, 'the end of a rebuild could not be recorded');
      });
  });

  return {
    async rebuild(context, name) {
      const start = Promise.withResolvers<Position>();
      // A start that fails is its caller's to hear of; the end then has nothing to follow.
      start.promise.catch(() => begun.delete(context.commandId));
      begun.set(context.commandId, { context, recorded: start.promise });
      try {
        const status = await control.rebuild(name, context.commandId);
        const data = { rebuildId: status.id, version: status.version };
        const recordedAt = await record(context, name, { type: 'ProjectionRebuildStarted', data });
        start.resolve(recordedAt);
        reports.follow(name, status.id);
        return { ...status, recordedAt };
      } catch (error) {
        start.reject(error);
        throw error;
      }
    },
    rebuildStatus: (name, rebuildId) => reports.status(name, rebuildId),
    async rollBack(context, name) {
      const { version: replacedVersion } = await control.status(name);
      const { version } = await control.rollBack(name);
      return record(context, name, { type: 'ProjectionRolledBack', data: { version, replacedVersion } });
    },
    async retryDeadLetters(context, name, stream) {
      const counts = await control.retryDeadLetters(name, stream);
      const data = { stream: stream ?? null, ...counts };
      return { ...counts, recordedAt: await record(context, name, { type: 'DeadLettersRetried', data }) };
    },
  };
}

function endOf(status: RebuildStatus): ProjectionEvent | undefined {
  const { id: rebuildId, version, done: events, startedAt, finishedAt } = status;
  if (status.status === 'running' || finishedAt === null) return undefined;
  if (status.status === 'failed') {
    return { type: 'ProjectionRebuildFailed', data: { rebuildId, version, message: status.error ?? 'unknown' } };
  }
  const durationMs = Date.parse(finishedAt) - Date.parse(startedAt);
  return { type: 'ProjectionRebuildCompleted', data: { rebuildId, version, events, durationMs } };
}
