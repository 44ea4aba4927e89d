import type { CommandContext } from '../../commands/context.ts';
import { endExecution, refuseExecution, runExecution, type ExecutionOutcome } from '../../commands/executions.ts';
import { loadMcp, type McpDeps } from '../../commands/mcps.ts';
import { DomainError } from '../../domain/error.ts';
import type { ExecutionRequest } from '../../domain/execution/events.ts';
import type { ToolDefinition } from '../../domain/mcp/definition.ts';
import { versionOf } from '../../domain/mcp/decider.ts';
import type { VersionContent } from '../../domain/mcp/events.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { ExecutionInput, ExecutionRunner } from '../../ports/execution-runner.ts';
import type { Logger } from '../../ports/logger.ts';
import { SchemaUnusable, type SchemaValidator } from '../../ports/schema-validator.ts';
import type { ToolDiscovery } from '../../ports/tool-discovery.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import { UpstreamError, type Progress, type Upstreams } from '../../ports/upstream.ts';
import { createLateEnds } from './end-later.ts';
import { storeResult } from './result-storage.ts';

export interface RunnerDeps extends McpDeps {
  readonly upstreams: Upstreams;
  readonly discovery: ToolDiscovery<CommandContext>;
  readonly schemas: SchemaValidator;
  readonly blobs: BlobStore;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
}

interface Running {
  readonly abort: AbortController;
  readonly progress: Set<(progress: Progress) => void>;
  readonly ended: Promise<unknown>;
}

/** Runs calls in this process: request and start in one append, the upstream call, the end in another. */
export function createExecutionRunner(deps: RunnerDeps): ExecutionRunner<CommandContext> {
  const running = new Map<string, Running>();
  const lateEnds = createLateEnds(deps, deps.logger);
  let draining = false;

  async function run(context: CommandContext, input: ExecutionInput): Promise<readonly RecordedEvent[]> {
    if (draining) throw new StoreUnavailable('the platform is stopping: try again in a moment');
    const { request, tool } = await prepare(deps, context, input);
    const id = context.commandId;

    const refusal = check(deps, tool, request);
    if (refusal) {
      const refused = await refuseExecution(deps, context, request, refusal);
      return refused.replayed ? deps.store.readStream(`execution-${id}`) : refused.events;
    }
    const begun = await runExecution(deps, context, request);
    if (begun.replayed) return deps.store.readStream(`execution-${id}`);

    const abort = new AbortController();
    const progress = new Set<(progress: Progress) => void>();
    const ended = callToEnd(context, { id, request, tool, abort, progress });
    running.set(id, { abort, progress, ended });
    try {
      const end = await ended;
      return end.length > 0 ? [...begun.events, ...end] : await deps.store.readStream(`execution-${id}`);
    } finally {
      running.delete(id);
    }
  }

  /** Calls upstream and records the end. Answers no events when somebody else recorded one first. */
  async function callToEnd(context: CommandContext, call: Call): Promise<readonly RecordedEvent[]> {
    const outcome = await callUpstream(deps, call, deps.clock());
    try {
      return (await endExecution(deps, context, call.id, outcome)).events;
    } catch (error) {
      if (error instanceof StoreUnavailable) lateEnds.keep(context, call.id, outcome);
      throw error;
    }
  }

  async function cancel(context: CommandContext, id: string): Promise<readonly RecordedEvent[]> {
    const active = running.get(id);
    const cancelledBy = context.principal.actor;
    // The record first: whatever the upstream still answers comes after the end.
    await endExecution(deps, context, id, { type: 'CancelExecution', cancelledBy, durationMs: 0 });
    active?.abort.abort();
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
      const all = Promise.allSettled([...running.values()].map(({ ended }) => ended));
      const timer = setTimeout(() => {
        for (const { abort } of running.values()) abort.abort();
      }, timeoutMs);
      await all;
      clearTimeout(timer);
      lateEnds.close();
    },
  };
}

/** Finds the version and the tool; asks the server what it offers if nobody has yet. */
async function prepare(deps: RunnerDeps, context: CommandContext, input: ExecutionInput) {
  let mcp = await loadMcp(deps, input.mcpId);
  if (mcp.status === 'retired') throw new DomainError('conflict', 'mcp_retired', 'this mcp is retired');
  const version = input.version ?? mcp.version;
  let content = versionOf(mcp, version);
  if (content.offer === null && version === mcp.version) {
    await deps.discovery.discover(context, input.mcpId);
    mcp = await loadMcp(deps, input.mcpId);
    content = versionOf(mcp, version);
  }
  const request: ExecutionRequest = {
    mcpId: input.mcpId,
    mcpName: content.definition.name,
    mcpVersion: version,
    tool: input.tool,
    arguments: input.arguments,
    mode: 'sync',
    timeoutMs: input.timeoutMs ?? deps.defaultTimeoutMs,
    requestedBy: context.principal.actor,
    ...(input.replayOf === undefined ? {} : { replayOf: input.replayOf }),
  };
  return { request, tool: { content, definition: findTool(content, input.tool), failure: mcp.discoveryError } };
}

interface Tool {
  readonly content: VersionContent;
  /** Undefined while the server has never answered what it offers. */
  readonly definition: ToolDefinition | undefined;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

function findTool({ offer }: VersionContent, name: string): ToolDefinition | undefined {
  const tool = offer?.tools.find((candidate) => candidate.name === name);
  if (offer && !tool) {
    throw new DomainError('not_found', 'tool_not_found', `there is no tool ${JSON.stringify(name)}`, [
      { pointer: '/tool', detail: 'is not among the tools of this version' },
    ]);
  }
  return tool;
}

/** Why the call cannot begin; undefined when it can. */
function check(deps: RunnerDeps, { definition, failure }: Tool, request: ExecutionRequest) {
  if (!definition) {
    const message = failure?.message ?? 'the server has not told its tools yet';
    return { code: failure?.code ?? 'upstream_unavailable', message };
  }
  try {
    const faults = deps.schemas.validate(definition.inputSchema, request.arguments);
    if (faults.length === 0) return undefined;
    const named = faults.map(({ pointer, detail }) => ({ pointer: `/arguments${pointer}`, detail }));
    return { code: 'invalid_arguments', message: 'the arguments do not fit the input schema', faults: named };
  } catch (error) {
    if (!(error instanceof SchemaUnusable)) throw error;
    return { code: 'tool_schema_unusable', message: `the input schema cannot be used: ${error.message}` };
  }
}

interface Call {
  readonly id: string;
  readonly request: ExecutionRequest;
  readonly tool: Tool;
  readonly abort: AbortController;
  readonly progress: ReadonlySet<(progress: Progress) => void>;
}

async function callUpstream(
  deps: RunnerDeps,
  { request, tool, abort, progress }: Call,
  started: number,
): Promise<ExecutionOutcome> {
  const { mcpId, mcpVersion, timeoutMs } = request;
  const target = { mcpId, version: mcpVersion, transport: tool.content.definition.transport };
  try {
    const result = await deps.upstreams.callTool(
      target,
      { name: request.tool, arguments: request.arguments },
      {
        timeoutMs,
        signal: abort.signal,
        onProgress: (update) => {
          for (const listener of progress) listener(update);
        },
      },
    );
    const stored = await storeResult(deps.blobs, result);
    const error = result.isError ? toolError(result.content) : outputError(deps, tool, result.structuredContent);
    const durationMs = deps.clock() - started;
    return error
      ? { type: 'FailExecution', error, result: stored, durationMs }
      : { type: 'SucceedExecution', result: stored, durationMs };
  } catch (error) {
    const durationMs = deps.clock() - started;
    if (error instanceof StoreUnavailable) {
      const message = `the tool answered, and its result could not be stored: ${error.message}`;
      return { type: 'FailExecution', error: { code: 'result_not_stored', message }, durationMs };
    }
    if (!(error instanceof UpstreamError)) throw error;
    if (error.code === 'execution_timed_out') return { type: 'TimeOutExecution', timeoutMs, durationMs };
    if (error.code === 'execution_cancelled') {
      return { type: 'CancelExecution', cancelledBy: 'system:shutdown', durationMs };
    }
    return { type: 'FailExecution', error: { code: error.code, message: error.message }, durationMs };
  }
}

function toolError(content: readonly { readonly type: string; readonly text?: unknown }[]) {
  const texts = content.map(({ text }) => text).filter((text) => typeof text === 'string');
  return { code: 'tool_error', message: texts.join('\n').slice(0, 1000) || 'the tool answered an error' };
}

function outputError(deps: RunnerDeps, { definition }: Tool, output: unknown) {
  if (!definition?.outputSchema) return undefined;
  if (output === undefined) {
    return { code: 'invalid_output', message: 'the tool has an output schema and answered no structured content' };
  }
  try {
    const faults = deps.schemas.validate(definition.outputSchema, output);
    if (faults.length === 0) return undefined;
    return { code: 'invalid_output', message: 'the structured content does not fit the output schema', faults };
  } catch (error) {
    if (!(error instanceof SchemaUnusable)) throw error;
    return { code: 'tool_schema_unusable', message: `the output schema cannot be used: ${error.message}` };
  }
}
