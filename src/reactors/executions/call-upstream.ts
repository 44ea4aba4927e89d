import type { ExecutionOutcome } from '../../commands/executions.ts';
import type { ExecutionRequest } from '../../domain/execution/events.ts';
import type { PackagePin } from '../../domain/mcp/packages.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { SchemaUnusable, type SchemaValidator } from '../../ports/schema-validator.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import { UpstreamError, type Progress, type Upstreams } from '../../ports/upstream.ts';
import type { CalledTool } from './prepare-call.ts';
import { storeResult } from './result-storage.ts';

export interface CallDeps {
  readonly upstreams: Upstreams;
  readonly schemas: SchemaValidator;
  readonly blobs: BlobStore;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** A call that has begun. */
export interface Call {
  readonly id: string;
  readonly request: ExecutionRequest;
  readonly tool: CalledTool;
  /** What stands behind the packages that the server is started from. @throws UpstreamError */
  readonly pin: () => Promise<PackagePin | undefined>;
  readonly abort: AbortController;
  readonly progress: ReadonlySet<(progress: Progress) => void>;
}

/** Makes the call; what it comes to is the answer, however it ends. @throws whatever is a mistake of the platform */
export async function callUpstream(
  deps: CallDeps,
  { request, tool, pin: pinned, abort, progress }: Call,
  started: number,
): Promise<ExecutionOutcome> {
  const { mcpId, mcpVersion, timeoutMs } = request;
  const { definition, offer } = tool.content;
  const { transport } = definition;
  try {
    const pin = await pinned();
    const target = {
      mcpId,
      version: mcpVersion,
      transport,
      caller: request.requestedBy,
      ...(pin && { pin }),
    };
    const result = await deps.upstreams.callTool(
      target,
      { name: request.tool, arguments: request.arguments, ...(offer && { approved: offer.tools }) },
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
  return {
    code: 'tool_error',
    message: texts.join('\n').slice(0, 1000).toWellFormed() || 'the tool answered an error',
  };
}

function outputError(deps: CallDeps, { definition }: CalledTool, output: unknown) {
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
