import type { Decider } from '../../src/domain/decider.ts';
import { DomainError } from '../../src/domain/error.ts';
import type { DomainEvent } from '../../src/domain/event.ts';

export type AccountEvent = DomainEvent<'Deposited', { amount: number }> | DomainEvent<'Withdrawn', { amount: number }>;

export interface AccountCommand {
  readonly type: 'Deposit' | 'Withdraw';
  readonly amount: number;
}

/** The aggregate that shows best what concurrency breaks: a lost event loses money, a doubled one makes some. */
export const accountDecider: Decider<{ readonly balance: number }, AccountCommand, AccountEvent> = {
  category: 'account',
  initialState: { balance: 0 },
  evolve: ({ balance }, { type, data }) => ({
    balance: type === 'Deposited' ? balance + data.amount : balance - data.amount,
  }),
  decide({ type, amount }, { balance }) {
    if (amount === 0) return [];
    if (type === 'Deposit') return [{ type: 'Deposited', data: { amount } }];
    if (balance < amount) throw new DomainError('conflict', 'overdrawn', `there are only ${balance}`);
    return [{ type: 'Withdrawn', data: { amount } }];
  },
};
