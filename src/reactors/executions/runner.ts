import type { CommandContext } from '../../commands/context.ts';
import {
  endExecution,
  loadExecution,
  refuseExecution,
  runExecution,
  type ExecutionOutcome,
} from '../../commands/executions.ts';
import { load } from '../../commands/load.ts';
import { demandRevision } from '../../commands/precondition-failed.ts';
import { DomainError } from '../../domain/error.ts';
import { executionDecider, finished } from '../../domain/execution/decider.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { Counted, ExecutionInput, ExecutionRunner } from '../../ports/execution-runner.ts';
import type { Logger } from '../../ports/logger.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../ports/unavailable.ts';
import type { Progress } from '../../ports/upstream.ts';
import { callUpstream, type Call, type CallDeps } from './call-upstream.ts';
import { createLateEnds } from './end-later.ts';
import { prepareCall, refusalOf, type PrepareDeps } from './prepare-call.ts';

export interface RunnerDeps extends PrepareDeps, CallDeps {
  readonly logger: Logger;
}

interface Running {
  readonly startedAt: number;
  readonly abort: AbortController;
  readonly progress: Set<(progress: Progress) => void>;
  readonly ended: Promise<unknown>;
}

/** Runs calls in this process: request and start in one append, the upstream call, the end in another. */
export function createExecutionRunner(deps: RunnerDeps): ExecutionRunner<CommandContext> {
  /** Everything from the first look at a request to its last event, by the id of the command. */
  const runs = new Map<string, Promise<readonly RecordedEvent[]>>();
  /** The part of them in which the server is called. */
  const running = new Map<string, Running>();
  const lateEnds = createLateEnds(deps, deps.logger);
  let draining = false;

  function run(context: CommandContext, input: ExecutionInput, counted?: Counted): Promise<readonly RecordedEvent[]> {
    const id = context.commandId;
    // The same command twice is one call, and both are answered when it has ended.
    const known = runs.get(id);
    if (known) return known;
    const whole = runToEnd(context, input, counted).finally(() => runs.delete(id));
    runs.set(id, whole);
    return whole;
  }

  async function runToEnd(
    context: CommandContext,
    input: ExecutionInput,
    counted?: Counted,
  ): Promise<readonly RecordedEvent[]> {
    refuseWhileDraining();
    const { request, tool } = await prepareCall(deps, context, input, counted);
    const id = context.commandId;

    const refusal = refusalOf(deps, tool, request);
    if (refusal) {
      const refused = await refuseExecution(deps, context, request, refusal);
      return refused.replayed ? deps.store.readStream(`execution-${id}`) : refused.events;
    }
    refuseWhileDraining();
    const abort = new AbortController();
    const progress = new Set<(progress: Progress) => void>();
    const pin = () => deps.discovery.pinOf(context, request.mcpId, request.mcpVersion, tool.content);
    const ended = beginAndEnd(context, { id, request, tool, pin, abort, progress });
    running.set(id, { startedAt: deps.clock(), abort, progress, ended });
    try {
      return await ended;
    } finally {
      running.delete(id);
    }
  }

  async function beginAndEnd(context: CommandContext, call: Call): Promise<readonly RecordedEvent[]> {
    const begun = await begin(context, call);
    if (begun.replayed && !(await isLeftToUs(call.id))) return recordedCall(call.id);
    const end = await callToEnd(context, call, deps.clock());
    if (begun.replayed || end.length === 0) return deps.store.readStream(`execution-${call.id}`);
    return [...begun.events, ...end];
  }

  /** Whether this process began the call before, could not know it, and nobody has ended it since. */
  async function isLeftToUs(id: string): Promise<boolean> {
    return (await lateEnds.takeOver(id)) && (await loadExecution(deps, id)).status === 'running';
  }

  async function begin(context: CommandContext, { id, request }: Call) {
    try {
      return await runExecution(deps, context, request);
    } catch (error) {
      if (error instanceof OutcomeUnknown) lateEnds.doubt(context, id, error);
      throw error;
    }
  }

  /**
   * A call that was begun before, by a process that is gone or with an end that could not be recorded yet. It will have
   * an end soon, and must not be answered without.
   */
  async function recordedCall(id: string): Promise<readonly RecordedEvent[]> {
    const { status } = await loadExecution(deps, id);
    if (status !== 'none' && !finished(status)) throw new StoreUnavailable('the end of this call is not recorded yet');
    return deps.store.readStream(`execution-${id}`);
  }

  function refuseWhileDraining(): void {
    if (draining) throw new StoreUnavailable('the platform is stopping: try again in a moment');
  }

  /** Calls upstream and records the end. Answers no events when somebody else recorded one first. */
  async function callToEnd(context: CommandContext, call: Call, startedAt: number): Promise<readonly RecordedEvent[]> {
    let outcome: ExecutionOutcome;
    try {
      outcome = await callUpstream(deps, call, startedAt);
    } catch (error) {
      // A mistake of the platform is told as one, and the call has an end all the same.
      const internal = { code: 'internal_error', message: 'the platform failed while it ran this call' };
      const durationMs = deps.clock() - startedAt;
      await recordEnd(context, call.id, { type: 'FailExecution', error: internal, durationMs });
      throw error;
    }
    return recordEnd(context, call.id, outcome);
  }

  async function recordEnd(context: CommandContext, id: string, outcome: ExecutionOutcome) {
    try {
      return (await endExecution(deps, context, id, outcome)).events;
    } catch (error) {
      // Who cancels is told that there is an end already; whoever ran the call only has to know which.
      if (error instanceof DomainError && error.code === 'execution_finished') return [];
      if (error instanceof StoreUnavailable) lateEnds.keep(context, id, outcome);
      throw error;
    }
  }

  async function cancel(context: CommandContext, id: string): Promise<readonly RecordedEvent[]> {
    const active = running.get(id);
    const cancelledBy = context.principal.actor;
    const durationMs = active ? deps.clock() - active.startedAt : 0;
    const { revision } = await load(deps.store, deps.aggregates, executionDecider, `execution-${id}`);
    demandRevision(context, revision);
    // The record first: whatever the upstream still answers comes after the end.
    await endExecution(deps, context, id, { type: 'CancelExecution', cancelledBy, durationMs });
    running.get(id)?.abort.abort();
    return deps.store.readStream(`execution-${id}`);
  }

  return {
    run,
    cancel,
    onProgress(id, listener) {
      const listeners = running.get(id)?.progress;
      listeners?.add(listener);
      return () => void listeners?.delete(listener);
    },
    async drain(timeoutMs) {
      draining = true;
      const all = Promise.allSettled(runs.values());
      const time = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => time.resolve(undefined), timeoutMs);
      await Promise.race([all, time.promise]);
      clearTimeout(timer);
      // What is still being prepared will begin no call; nobody has to wait for it.
      for (const { abort } of running.values()) abort.abort();
      await Promise.allSettled([...running.values()].map(({ ended }) => ended));
      lateEnds.close();
    },
  };
}
