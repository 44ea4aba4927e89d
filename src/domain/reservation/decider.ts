import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

export type ReservationEvent =
  DomainEvent<'NameReserved', { readonly owner: string }> | DomainEvent<'NameReleased', { readonly owner: string }>;

/**
 * On the stream of an owner: a name that it had claimed and does not go by was given to others. It changes nothing of the
 * owner; an append that is on its way to that stream finds another revision and must be decided again.
 */
export type NameClaimWithdrawn = DomainEvent<'NameClaimWithdrawn', { readonly reservation: string }>;

export type ReservationState = { readonly status: 'free' } | { readonly status: 'reserved'; readonly owner: string };

export type ReservationCommand =
  | {
      readonly type: 'ReserveName';
      readonly owner: string;
      /** Absent where it says who somebody is: refusals are kept, and would tell it for good. */
      readonly name?: string;
      readonly pointer: string;
    }
  | { readonly type: 'ReleaseName'; readonly owner: string };

/**
 * A unique name. The stream's id is a keyed hash of it, so the log does not tell the name, and two takers of one name
 * meet in one stream, where only one can be first.
 */
export const reservationDecider: Decider<ReservationState, ReservationCommand, ReservationEvent> = {
  category: 'reservation',
  initialState: { status: 'free' },
  evolve(state, event) {
    switch (event.type) {
      case 'NameReserved':
        return { status: 'reserved', owner: event.data.owner };
      case 'NameReleased':
        return { status: 'free' };
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'ReleaseName') {
      const held = state.status === 'reserved' && state.owner === command.owner;
      return held ? [{ type: 'NameReleased', data: { owner: command.owner } }] : [];
    }
    if (state.status === 'free') return [{ type: 'NameReserved', data: { owner: command.owner } }];
    if (state.owner === command.owner) return [];
    const named = command.name === undefined ? '' : ` ${JSON.stringify(command.name)}`;
    throw new DomainError('conflict', 'name_taken', `the name${named} is taken`, [
      { pointer: command.pointer, detail: 'is taken' },
    ]);
  },
};
