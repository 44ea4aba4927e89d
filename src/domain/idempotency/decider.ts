import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

/** An HTTP answer as it can be given again. A body that is too large for an event is named by its hash. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly inline: unknown } | { readonly blob: { readonly sha256: string; readonly size: number } };
  /** Id of the user whose personal data the body holds: it is sealed with his key. */
  readonly about?: string;
}

export type IdempotencyEvent =
  | DomainEvent<
      'IdempotencyKeyClaimed',
      {
        /** Keyed hash of the method, the path and the body. */
        readonly requestHash: string;
        /** The command that the request became; a retry of the same request is the same command. */
        readonly commandId: string;
        /** Who works on it: another one for each claim, known to the process that it belongs to. */
        readonly claimant: string;
      }
    >
  | DomainEvent<'IdempotencyKeyAnswered', RecordedAnswer>;

export type IdempotencyState =
  | { readonly status: 'unused' }
  | {
      readonly status: 'claimed';
      readonly requestHash: string;
      readonly commandId: string;
      readonly claimant: string;
    }
  | {
      readonly status: 'answered';
      readonly requestHash: string;
      readonly commandId: string;
      readonly answer: RecordedAnswer;
    };

export type IdempotencyCommand =
  | {
      readonly type: 'ClaimKey';
      readonly requestHash: string;
      readonly commandId: string;
      readonly claimant: string;
      /** The claimant of the standing claim is known to be gone. */
      readonly abandoned: (claimant: string) => boolean;
    }
  | { readonly type: 'RecordAnswer'; readonly answer: RecordedAnswer };

/** One `Idempotency-Key` of one principal (draft-ietf-httpapi-idempotency-key-header). */
export const idempotencyDecider: Decider<IdempotencyState, IdempotencyCommand, IdempotencyEvent> = {
  category: 'idempotency',
  initialState: { status: 'unused' },
  evolve(state, event) {
    switch (event.type) {
      case 'IdempotencyKeyClaimed':
        return { status: 'claimed', ...event.data };
      case 'IdempotencyKeyAnswered': {
        if (state.status === 'unused') return state;
        const { requestHash, commandId } = state;
        return { status: 'answered', requestHash, commandId, answer: event.data };
      }
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'RecordAnswer') {
      return state.status === 'claimed' ? [{ type: 'IdempotencyKeyAnswered', data: command.answer }] : [];
    }
    const { requestHash, claimant } = command;
    if (state.status === 'unused') {
      return [{ type: 'IdempotencyKeyClaimed', data: { requestHash, claimant, commandId: command.commandId } }];
    }
    if (state.requestHash !== requestHash) {
      const message = 'this Idempotency-Key was used for another request';
      throw new DomainError('invalid', 'idempotency_key_reused', message);
    }
    if (state.status === 'answered') return [];
    if (command.abandoned(state.claimant)) {
      return [{ type: 'IdempotencyKeyClaimed', data: { requestHash, claimant, commandId: state.commandId } }];
    }
    throw new DomainError('conflict', 'request_in_progress', 'a request with this Idempotency-Key is still running');
  },
};
