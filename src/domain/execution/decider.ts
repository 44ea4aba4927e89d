import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { ExecutionError, ExecutionEvent, ExecutionRequest, StoredResult } from './events.ts';

export type ExecutionStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out';

/** What deciding needs; the request and the result are read models' business. */
export type ExecutionState =
  | { readonly status: 'none' }
  | {
      readonly status: ExecutionStatus;
      readonly requestedBy: string;
      readonly attempts: number;
    };

export type ExecutionCommand =
  | { readonly type: 'RequestExecution'; readonly request: ExecutionRequest }
  /** Requests and starts in one: a synchronous call never waits in a queue. */
  | { readonly type: 'RunExecution'; readonly request: ExecutionRequest }
  /** Requests and refuses in one: the input was bad, and the attempt is still kept. */
  | { readonly type: 'RefuseExecution'; readonly request: ExecutionRequest; readonly error: ExecutionError }
  | { readonly type: 'StartExecution' }
  | { readonly type: 'SucceedExecution'; readonly result: StoredResult; readonly durationMs: number }
  | {
      readonly type: 'FailExecution';
      readonly error: ExecutionError;
      readonly result?: StoredResult;
      readonly durationMs: number;
    }
  | { readonly type: 'TimeOutExecution'; readonly timeoutMs: number; readonly durationMs: number }
  | { readonly type: 'CancelExecution'; readonly cancelledBy: string; readonly durationMs: number };

/** One call of one tool, from the request to its only outcome. */
export const executionDecider: Decider<ExecutionState, ExecutionCommand, ExecutionEvent> = {
  category: 'execution',
  initialState: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'ExecutionRequested') {
      return { status: 'queued', requestedBy: event.data.requestedBy, attempts: 0 };
    }
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'ExecutionStarted':
        return { ...state, status: 'running', attempts: event.data.attempt };
      case 'ExecutionSucceeded':
        return { ...state, status: 'succeeded' };
      case 'ExecutionFailed':
        return { ...state, status: 'failed' };
      case 'ExecutionTimedOut':
        return { ...state, status: 'timed_out' };
      case 'ExecutionCancelled':
        return { ...state, status: 'cancelled' };
      default:
        return state;
    }
  },
  decide(command, state) {
    switch (command.type) {
      case 'RequestExecution':
        return [requested(state, command.request)];
      case 'RunExecution':
        return [requested(state, command.request), started(0)];
      case 'RefuseExecution':
        return [
          requested(state, command.request),
          { type: 'ExecutionFailed', data: { error: command.error, durationMs: 0 } },
        ];
      case 'StartExecution':
        if (known(state).status !== 'queued') {
          throw new DomainError('conflict', 'execution_claimed', `this execution is ${state.status}`);
        }
        return [started(known(state).attempts)];
      case 'SucceedExecution': {
        const { result, durationMs } = command;
        return outcome(state, { type: 'ExecutionSucceeded', data: { result, durationMs } });
      }
      case 'FailExecution': {
        const { error, result, durationMs } = command;
        return outcome(state, {
          type: 'ExecutionFailed',
          data: { error, ...(result === undefined ? {} : { result }), durationMs },
        });
      }
      case 'TimeOutExecution': {
        const { timeoutMs, durationMs } = command;
        return outcome(state, { type: 'ExecutionTimedOut', data: { timeoutMs, durationMs } });
      }
      case 'CancelExecution': {
        const { cancelledBy, durationMs } = command;
        if (finished(known(state).status) && state.status !== 'cancelled') {
          throw new DomainError('conflict', 'execution_finished', `this execution has ${state.status}`);
        }
        return outcome(state, { type: 'ExecutionCancelled', data: { cancelledBy, durationMs } });
      }
    }
  },
};

/** No further event follows. */
export function finished(status: ExecutionStatus): boolean {
  return status !== 'queued' && status !== 'running';
}

function requested(state: ExecutionState, request: ExecutionRequest): ExecutionEvent {
  if (state.status !== 'none') throw new DomainError('conflict', 'execution_exists', 'this execution is requested');
  return { type: 'ExecutionRequested', data: request };
}

function started(attemptsBefore: number): ExecutionEvent {
  return { type: 'ExecutionStarted', data: { attempt: attemptsBefore + 1 } };
}

/** The first outcome stands: one that comes later (a result after a cancellation) adds nothing. */
function outcome(state: ExecutionState, event: ExecutionEvent): ExecutionEvent[] {
  return finished(known(state).status) ? [] : [event];
}

function known(state: ExecutionState): Exclude<ExecutionState, { status: 'none' }> {
  if (state.status === 'none') throw new DomainError('not_found', 'execution_not_found', 'no such execution');
  return state;
}
