import { describe, expect, it } from 'vitest';
import {
  executionDecider,
  finished,
  type ExecutionCommand,
  type ExecutionStatus,
} from '../../src/domain/execution/decider.ts';
import type {
  ExecutionError,
  ExecutionEvent,
  ExecutionRequest,
  StoredResult,
} from '../../src/domain/execution/events.ts';
import { fold, scenariosOf } from './given.ts';

const given = scenariosOf(executionDecider);

const request: ExecutionRequest = {
  mcpId: 'm1',
  mcpName: 'weather',
  mcpVersion: 3,
  tool: 'forecast',
  arguments: { city: '上海' },
  mode: 'sync',
  timeoutMs: 1000,
  requestedBy: 'user:u1',
};
const result: StoredResult = { inline: { content: [{ type: 'text', text: 'sunny' }] } };
const error: ExecutionError = { code: 'tool_error', message: 'no such city' };

const requested: ExecutionEvent = { type: 'ExecutionRequested', data: request };
const started: ExecutionEvent = { type: 'ExecutionStarted', data: { attempt: 1 } };
const succeeded: ExecutionEvent = { type: 'ExecutionSucceeded', data: { result, durationMs: 5 } };
const failed: ExecutionEvent = { type: 'ExecutionFailed', data: { error, durationMs: 5 } };
const timedOut: ExecutionEvent = { type: 'ExecutionTimedOut', data: { timeoutMs: 1000, durationMs: 1001 } };
const cancelled: ExecutionEvent = { type: 'ExecutionCancelled', data: { cancelledBy: 'user:u1', durationMs: 5 } };

const succeed: ExecutionCommand = { type: 'SucceedExecution', result, durationMs: 5 };
const fail: ExecutionCommand = { type: 'FailExecution', error, durationMs: 5 };
const timeOut: ExecutionCommand = { type: 'TimeOutExecution', timeoutMs: 1000, durationMs: 1001 };
const cancel: ExecutionCommand = { type: 'CancelExecution', cancelledBy: 'user:u1', durationMs: 5 };

const ends = [
  { name: 'success', command: succeed, event: succeeded },
  { name: 'failure', command: fail, event: failed },
  { name: 'timeout', command: timeOut, event: timedOut },
  { name: 'cancellation', command: cancel, event: cancelled },
];

describe('an execution', () => {
  it('waits in a queue once it is requested', () => {
    given([]).when({ type: 'RequestExecution', request }).then([requested]);
  });

  it('is requested and started in one when it need not wait', () => {
    given([]).when({ type: 'RunExecution', request }).then([requested, started]);
  });

  it('keeps an attempt that was refused', () => {
    const refused: ExecutionEvent = { type: 'ExecutionFailed', data: { error, durationMs: 0 } };
    given([]).when({ type: 'RefuseExecution', request, error }).then([requested, refused]);
  });

  it.each(['RequestExecution', 'RunExecution'] as const)('is requested only once: %s', (type) => {
    given([requested]).when({ type, request }).thenRejects('conflict', 'execution_exists');
  });

  it('cannot be refused once it is requested', () => {
    given([requested]).when({ type: 'RefuseExecution', request, error }).thenRejects('conflict', 'execution_exists');
  });

  it('is started by one worker: the second is told that it is claimed', () => {
    given([requested]).when({ type: 'StartExecution' }).then([started]);
    given([requested, started]).when({ type: 'StartExecution' }).thenRejects('conflict', 'execution_claimed');
  });

  it.each(ends)('does not start after its end: $name', ({ event }) => {
    given([requested, started, event]).when({ type: 'StartExecution' }).thenRejects('conflict', 'execution_claimed');
  });

  it.each(ends)('ends once it runs: $name', ({ command, event }) => {
    given([requested, started]).when(command).then([event]);
  });

  it('keeps the result of a tool that answered an error', () => {
    given([requested, started])
      .when({ type: 'FailExecution', error, result, durationMs: 5 })
      .then([{ type: 'ExecutionFailed', data: { error, result, durationMs: 5 } }]);
  });

  it('can be cancelled while it waits', () => {
    given([requested]).when(cancel).then([cancelled]);
  });

  const later = ends.flatMap((first) =>
    ends.filter(({ command }) => command.type !== 'CancelExecution').map((second) => ({ first, second })),
  );
  it.each(later)('keeps its first end: $second.name after $first.name changes nothing', ({ first, second }) => {
    given([requested, started, first.event]).when(second.command).then([]);
  });

  it.each(ends.slice(0, 3))('cannot be cancelled after its end: $name', ({ event }) => {
    given([requested, started, event]).when(cancel).thenRejects('conflict', 'execution_finished');
  });

  it('is cancelled once, however often it is asked for', () => {
    given([requested, started, cancelled]).when(cancel).then([]);
  });

  it.each([{ command: { type: 'StartExecution' } as ExecutionCommand }, ...ends])(
    'must be known before it can $command.type',
    ({ command }) => {
      given([]).when(command).thenRejects('not_found', 'execution_not_found');
    },
  );

  it.each([
    [[requested], 'queued'],
    [[requested, started], 'running'],
    [[requested, started, succeeded], 'succeeded'],
    [[requested, started, failed], 'failed'],
    [[requested, started, timedOut], 'timed_out'],
    [[requested, started, cancelled], 'cancelled'],
  ] satisfies [ExecutionEvent[], ExecutionStatus][])('has, after %j, the status %s', (history, status) => {
    expect(fold(executionDecider, history)).toMatchObject({ status, requestedBy: 'user:u1' });
  });

  it('is finished in every state but queued and running', () => {
    const all: ExecutionStatus[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'];
    expect(all.filter((status) => !finished(status))).toEqual(['queued', 'running']);
  });

  it('counts its attempts', () => {
    expect(fold(executionDecider, [requested])).toMatchObject({ attempts: 0 });
    expect(fold(executionDecider, [requested, started])).toMatchObject({ attempts: 1 });
  });

  it('knows nothing of what was never requested', () => {
    expect(fold(executionDecider, [started, succeeded])).toEqual({ status: 'none' });
  });
});
