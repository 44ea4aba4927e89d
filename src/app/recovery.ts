import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandDeps } from '../commands/deps.ts';
import type { Position } from '../ports/event-store.ts';
import { StoreUnavailable } from '../ports/unavailable.ts';
import type { Logger } from '../ports/logger.ts';
import type { QueryDeps } from '../queries/deps.ts';
import { unfinishedExecutions, type UnfinishedExecution } from '../queries/executions/list.ts';
import { endInterrupted } from '../reactors/executions/recover.ts';

/** How often calls of other processes are looked through, and how long after its time a call counts as interrupted. */
const LOOK_EVERY_MS = 60_000;
const GRACE_MS = 60_000;
const TRY_AGAIN_MS = 5_000;

interface Recovery {
  readonly commands: CommandDeps;
  readonly queries: QueryDeps;
  readonly logger: Logger;
}

/**
 * Ends, when the read models are ready, the calls that this process's predecessor left running. While it cannot know
 * them it tries again, until the signal aborts; what else fails is logged.
 */
export async function recoverOwn(
  deps: Recovery,
  ready: Promise<void>,
  head: Position,
  signal: AbortSignal,
): Promise<void> {
  await ready;
  while (!signal.aborted) {
    try {
      await end(deps, await unfinishedExecutions(deps.queries, head));
      return;
    } catch (error) {
      deps.logger.error({ err: error }, 'interrupted calls could not be ended');
      if (!(error instanceof StoreUnavailable)) return;
    }
    await pause(TRY_AGAIN_MS, signal);
  }
}

/**
 * Ends, again and again until the signal aborts, the calls whose time has been over for a while: the process that ran
 * them is gone, for it would have ended them itself. Which process that was does not matter.
 */
export async function recoverOverdue(deps: Recovery, ready: Promise<void>, signal: AbortSignal): Promise<void> {
  await ready;
  while (!signal.aborted) {
    try {
      const unfinished = await unfinishedExecutions(deps.queries, await deps.commands.store.head());
      await end(
        deps,
        unfinished.filter((one) => isOverdue(one, deps.commands.clock())),
      );
    } catch (error) {
      deps.logger.warn({ err: error }, 'overdue calls cannot be looked through; it is tried again');
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

function isOverdue({ requestedAt, timeoutMs }: UnfinishedExecution, nowMs: number): boolean {
  return Date.parse(requestedAt) + timeoutMs + GRACE_MS < nowMs;
}

async function end({ commands, logger }: Recovery, unfinished: readonly UnfinishedExecution[]): Promise<void> {
  const count = await endInterrupted(
    commands,
    unfinished.map(({ id }) => id),
  );
  if (count > 0) logger.warn({ count }, 'calls that a process left running are ended as interrupted');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
  } catch (error) {
    // An abort ends the pause early; the caller looks at the signal.
    if (!signal.aborted) throw error;
  }
}
