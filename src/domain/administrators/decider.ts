import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';

export type AdministratorsEvent =
  | DomainEvent<'AdministratorAdded', { readonly userId: string }>
  | DomainEvent<'AdministratorRemoved', { readonly userId: string }>;

export type AdministratorsCommand =
  | { readonly type: 'AddAdministrator'; readonly userId: string }
  | { readonly type: 'RemoveAdministrator'; readonly userId: string };

/**
 * Who has the role `admin`, in one stream for all: two administrators who take the role from each other at the same
 * moment meet here, and one of them stays.
 */
export const administratorsDecider: Decider<readonly string[], AdministratorsCommand, AdministratorsEvent> = {
  category: 'policy',
  initialState: [],
  evolve(state, event) {
    switch (event.type) {
      case 'AdministratorAdded':
        return [...state, event.data.userId];
      case 'AdministratorRemoved':
        return state.filter((id) => id !== event.data.userId);
      default:
        return state;
    }
  },
  decide({ type, userId }, state) {
    const isOne = state.includes(userId);
    if (type === 'AddAdministrator') return isOne ? [] : [{ type: 'AdministratorAdded', data: { userId } }];
    if (!isOne) return [];
    if (state.length === 1) throw new DomainError('conflict', 'last_admin', 'this is the last administrator');
    return [{ type: 'AdministratorRemoved', data: { userId } }];
  },
};

/** The stream is `policy-administrators`. */
export const administratorsId = 'administrators';
