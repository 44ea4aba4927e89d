import { z } from 'zod';
import { id, jsonObject, pageOf, time } from './common.ts';

/** Milliseconds; ten minutes. */
const longestTimeoutMs = 600_000;

export const executionInput = z
  .strictObject({
    mcpId: z.string().min(1).max(200).meta({ description: 'The id of the mcp, or its name' }),
    tool: z.string().min(1).max(500),
    arguments: jsonObject.default({}).meta({ description: 'Checked against the input schema of the tool' }),
    mode: z.enum(['sync', 'async']).default('sync').meta({ description: 'async: not yet, answers 501' }),
    version: z.int().min(1).exactOptional().meta({ description: 'Version of the mcp; the newest when absent' }),
    timeoutMs: z.int().min(1).max(longestTimeoutMs).exactOptional(),
    priority: z.int().min(0).max(9).exactOptional().meta({ description: 'For mode async' }),
    retry: z
      .strictObject({ maxAttempts: z.int().min(1).max(10), backoffMs: z.int().min(0).max(3_600_000).exactOptional() })
      .exactOptional()
      .meta({ description: 'For mode async' }),
  })
  .meta({ id: 'ExecutionInput' });

export const executionStatus = z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out']);

const toolResult = z
  .looseObject({
    content: z.array(z.looseObject({ type: z.string() })),
    structuredContent: jsonObject.optional(),
    isError: z.boolean().optional(),
  })
  .meta({ id: 'ToolResult', description: 'The answer of tools/call (MCP)' });

export const execution = z
  .object({
    id,
    mcpId: id,
    mcpName: z.string(),
    mcpVersion: z.int(),
    tool: z.string(),
    arguments: jsonObject,
    mode: z.enum(['sync', 'async']),
    status: executionStatus,
    result: toolResult.nullable().optional(),
    resultRef: z
      .object({ sha256: z.string().nullable(), size: z.int() })
      .optional()
      .meta({ description: 'Stands in lists for a large result, which the execution itself has' }),
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        faults: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
      })
      .optional(),
    requestedBy: z.string(),
    requestedAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    durationMs: z.number().nullable(),
    attempts: z.int(),
    timeoutMs: z.int(),
    replayOf: id.optional(),
  })
  .meta({ id: 'Execution' });

export const executionPage = pageOf(execution, 'Execution');
