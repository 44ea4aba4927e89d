import { describe, expect, it } from 'vitest';
import {
  idempotencyDecider,
  type IdempotencyCommand,
  type IdempotencyEvent,
  type RecordedAnswer,
} from '../../src/domain/idempotency/decider.ts';
import { fold, scenariosOf } from './given.ts';

const given = scenariosOf(idempotencyDecider);

const answer: RecordedAnswer = { status: 201, headers: { location: '/x' }, body: { inline: { id: 'x' } } };
const claim = (requestHash: string, commandId: string, goneClaimants: readonly string[] = []): IdempotencyCommand => {
  const abandoned = (claimant: string) => goneClaimants.includes(claimant);
  return { type: 'ClaimKey', requestHash, commandId, claimant: `by-${commandId}`, abandoned };
};
const claimed = (requestHash: string, commandId: string, claimant = `by-${commandId}`): IdempotencyEvent => {
  return { type: 'IdempotencyKeyClaimed', data: { requestHash, commandId, claimant } };
};
const answered: IdempotencyEvent = { type: 'IdempotencyKeyAnswered', data: answer };

describe('an idempotency key', () => {
  it('is claimed by its first request', () => {
    given([])
      .when(claim('r1', 'c1'))
      .then([claimed('r1', 'c1')]);
  });

  it('is still running for the same request while its claimant works', () => {
    given([claimed('r1', 'c1')])
      .when(claim('r1', 'c2'))
      .thenRejects('conflict', 'request_in_progress');
  });

  it('is refused to another request, whether it runs, was left or is answered', () => {
    given([claimed('r1', 'c1')])
      .when(claim('r2', 'c2'))
      .thenRejects('invalid', 'idempotency_key_reused');
    given([claimed('r1', 'c1')])
      .when(claim('r2', 'c2', ['by-c1']))
      .thenRejects('invalid', 'idempotency_key_reused');
    given([claimed('r1', 'c1'), answered])
      .when(claim('r2', 'c2'))
      .thenRejects('invalid', 'idempotency_key_reused');
  });

  it('is taken over from a claimant that is gone, as the same command', () => {
    given([claimed('r1', 'c1')])
      .when(claim('r1', 'c2', ['by-c1']))
      .then([claimed('r1', 'c1', 'by-c2')]);
  });

  it('keeps its answer', () => {
    given([claimed('r1', 'c1')])
      .when({ type: 'RecordAnswer', answer })
      .then([answered]);
  });

  it('keeps its first answer', () => {
    given([claimed('r1', 'c1'), answered])
      .when({ type: 'RecordAnswer', answer: { ...answer, status: 500 } })
      .then([]);
  });

  it('keeps no answer to what nobody asked', () => {
    given([]).when({ type: 'RecordAnswer', answer }).then([]);
  });

  it('has nothing more to decide once it is answered, even when its claimant is gone', () => {
    given([claimed('r1', 'c1'), answered])
      .when(claim('r1', 'c2', ['by-c1']))
      .then([]);
  });

  it('holds the answer together with the request and the command that it answers', () => {
    const state = fold(idempotencyDecider, [claimed('r1', 'c1'), answered]);
    expect(state).toEqual({ status: 'answered', requestHash: 'r1', commandId: 'c1', answer });
  });

  it('is not answered by an answer that follows no claim', () => {
    expect(fold(idempotencyDecider, [answered])).toEqual({ status: 'unused' });
  });
});
