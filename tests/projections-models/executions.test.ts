import { describe, expect, it } from 'vitest';
import type { ExecutionEvent, StoredResult } from '../../src/domain/execution/events.ts';
import { executionSearch } from '../../src/projections/execution-search/projection.ts';
import { executions } from '../../src/projections/executions/projection.ts';
import { at, id, on, rowOf } from './recorded.ts';

const stream = `execution-${id}`;
const requested: ExecutionEvent = {
  type: 'ExecutionRequested',
  data: {
    mcpId: 'm1',
    mcpName: 'weather',
    mcpVersion: 3,
    tool: 'forecast',
    arguments: { city: '东京', days: 3 },
    mode: 'sync',
    timeoutMs: 1000,
    requestedBy: 'user:ada',
  },
};
const started: ExecutionEvent = { type: 'ExecutionStarted', data: { attempt: 1 } };
const inline: StoredResult = { inline: { content: [{ type: 'text', text: 'Sunny 晴天' }] } };
const succeeded = (result: StoredResult): ExecutionEvent => ({
  type: 'ExecutionSucceeded',
  data: { result, durationMs: 12 },
});
const failed = (message: string, result?: StoredResult): ExecutionEvent => ({
  type: 'ExecutionFailed',
  data: {
    error: { code: result ? 'tool_error' : 'upstream_error', message },
    ...(result && { result }),
    durationMs: 7,
  },
});

describe('the row of an execution', () => {
  it('begins as it was asked for', () => {
    expect(rowOf(executions, on(stream, requested))).toEqual({
      id,
      mcp_id: 'm1',
      mcp_name: 'weather',
      mcp_version: 3,
      tool: 'forecast',
      arguments: '{"city":"东京","days":3}',
      arguments_size: 22,
      mode: 'sync',
      status: 'queued',
      result: null,
      result_size: 0,
      error: null,
      requested_by: 'user:ada',
      requested_at: at(1),
      started_at: null,
      finished_at: null,
      duration_ms: null,
      attempts: 0,
      timeout_ms: 1000,
      replay_of: null,
      revision: 0,
      requested_position: 1,
      position: 1,
    });
  });

  it('keeps a result, and what a tool answered as its error', () => {
    const row = rowOf(executions, on(stream, requested, started, succeeded(inline)));
    expect(row).toMatchObject({
      status: 'succeeded',
      started_at: at(2),
      finished_at: at(3),
      duration_ms: 12,
      attempts: 1,
    });
    expect(row).toMatchObject({ result: JSON.stringify(inline), error: null, revision: 2, requested_position: 1 });
    const refused = rowOf(executions, on(stream, requested, started, failed('no', inline)));
    expect(refused).toMatchObject({ status: 'failed', error: '{"code":"tool_error","message":"no"}' });
    expect(JSON.parse(refused.result ?? '')).toEqual(inline);
  });

  it('says in so many words that a call timed out or was cancelled', () => {
    const late: ExecutionEvent = { type: 'ExecutionTimedOut', data: { timeoutMs: 1000, durationMs: 1001 } };
    const timedOut = rowOf(executions, on(stream, requested, started, late));
    expect(timedOut).toMatchObject({ status: 'timed_out', duration_ms: 1001 });
    expect(JSON.parse(timedOut.error ?? '')).toEqual({
      code: 'execution_timed_out',
      message: 'no answer came within 1000 ms',
    });
    const stop: ExecutionEvent = { type: 'ExecutionCancelled', data: { cancelledBy: 'user:bob', durationMs: 3 } };
    const cancelled = rowOf(executions, on(stream, requested, stop));
    expect(cancelled).toMatchObject({ status: 'cancelled', started_at: null });
    expect(JSON.parse(cancelled.error ?? '')).toEqual({
      code: 'execution_cancelled',
      message: 'cancelled by user:bob',
    });
  });
});

describe('the search entry of an execution', () => {
  it('cannot be found by words before the call has ended', () => {
    expect(rowOf(executionSearch, on(stream, requested))).toMatchObject({ text: null, keywords: { status: 'queued' } });
  });

  it('holds what was asked and what was answered', () => {
    expect(rowOf(executionSearch, on(stream, requested, started, succeeded(inline)))).toEqual({
      id,
      text: 'forecast weather city 东京 days 3 Sunny 晴天',
      keywords: {
        requested_by: 'user:ada',
        mcp_id: 'm1',
        tool: 'forecast',
        status: 'succeeded',
        requested_at: at(1),
        requested_position: 1,
        request: null,
      },
    });
  });

  it('holds the message of an error, once', () => {
    expect(rowOf(executionSearch, on(stream, requested, failed('connection reset'))).text).toContain(
      'upstream_error connection reset',
    );
    const answered = rowOf(executionSearch, on(stream, requested, failed('Sunny 晴天', inline))).text ?? '';
    expect(answered.split('Sunny')).toHaveLength(2);
  });

  it('holds structured content where a server did not repeat it as text', () => {
    const structured: StoredResult = { inline: { content: [], structuredContent: { sky: { colour: 'azure' } } } };
    expect(rowOf(executionSearch, on(stream, requested, succeeded(structured))).text).toContain('sky colour azure');
  });

  it('holds the text of embedded resources, not their bytes', () => {
    const resource = { uri: 'file:///a', text: 'embedded words', blob: 'QUJDREVG' };
    const result: StoredResult = { inline: { content: [{ type: 'resource', resource }] } };
    const { text } = rowOf(executionSearch, on(stream, requested, succeeded(result)));
    expect(text).toContain('embedded words');
    expect(text).not.toContain('QUJDREVG');
  });

  it('is bounded, whatever was asked and answered', () => {
    const huge: ExecutionEvent = {
      ...requested,
      data: { ...requested.data, arguments: { deep: nested(5_000), wide: Array.from({ length: 50_000 }, String) } },
    };
    const answer: StoredResult = { inline: { content: [{ type: 'text', text: 'word '.repeat(100_000) }] } };
    const { text } = rowOf(executionSearch, on(stream, huge, succeeded(answer)));
    expect(text?.length).toBe(4096);
    expect(text).toContain(' word word');
  });

  it('never holds the marks that stores put around what they find', () => {
    const answer: StoredResult = { inline: { content: [{ type: 'text', text: 'a\u0002b\u0003c\u0000d\ne' }] } };
    expect(rowOf(executionSearch, on(stream, requested, succeeded(answer))).text).toMatch(/ a b c d\ne$/);
  });
});

function nested(levels: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level++) value = { level: value };
  return value;
}
