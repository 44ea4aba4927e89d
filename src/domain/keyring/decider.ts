import type { Decider } from '../decider.ts';
import type { DomainEvent } from '../event.ts';
import type { WrappedKey } from '../secret/events.ts';

/** Keys that stay the same as long as the log: what they made stands in it, and is looked for by them. */
export interface StableKeys {
  /** Of the hashes by which names and tokens are found. */
  readonly index: WrappedKey;
  /** Of what signs the audit record, where processes share it. */
  readonly audit: WrappedKey;
}

export type KeyringEvent =
  | DomainEvent<'KeyringCreated', { readonly masterKey: string; readonly keys: StableKeys }>
  /** From here on everything new is sealed with another master key. */
  | DomainEvent<'MasterKeyChanged', { readonly from: string; readonly masterKey: string; readonly keys: StableKeys }>
  /** Nothing that is in use is sealed with these any more. */
  | DomainEvent<'MasterKeysRetired', { readonly masterKeys: readonly string[] }>;

export type KeyringState =
  | { readonly status: 'none' }
  | {
      readonly status: 'made';
      /** Which one seals. */
      readonly masterKey: string;
      readonly keys: StableKeys;
      /** Those that something in use may still be sealed with, besides. */
      readonly retiring: readonly string[];
    };

export type KeyringCommand =
  | { readonly type: 'CreateKeyring'; readonly masterKey: string; readonly keys: StableKeys }
  | { readonly type: 'ChangeMasterKey'; readonly masterKey: string; readonly keys: StableKeys }
  | { readonly type: 'RetireMasterKeys'; readonly masterKeys: readonly string[] };

/** Which master key seals, and the keys that it seals first of all: a wrong one is known by not opening them. */
export const keyringDecider: Decider<KeyringState, KeyringCommand, KeyringEvent> = {
  category: 'keyring',
  initialState: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'KeyringCreated') return { status: 'made', ...event.data, retiring: [] };
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'MasterKeyChanged': {
        const { from, masterKey, keys } = event.data;
        return {
          ...state,
          masterKey,
          keys,
          retiring: [...new Set([...state.retiring, from])].filter((id) => id !== masterKey),
        };
      }
      case 'MasterKeysRetired':
        return { ...state, retiring: state.retiring.filter((id) => !event.data.masterKeys.includes(id)) };
      default:
        return state;
    }
  },
  decide(command, state) {
    if (command.type === 'CreateKeyring') {
      const { masterKey, keys } = command;
      return state.status === 'none' ? [{ type: 'KeyringCreated', data: { masterKey, keys } }] : [];
    }
    if (state.status === 'none') throw new Error('there is no keyring yet');
    if (command.type === 'ChangeMasterKey') {
      const { masterKey, keys } = command;
      if (masterKey === state.masterKey) return [];
      return [{ type: 'MasterKeyChanged', data: { from: state.masterKey, masterKey, keys } }];
    }
    const masterKeys = command.masterKeys.filter((id) => state.retiring.includes(id));
    return masterKeys.length === 0 ? [] : [{ type: 'MasterKeysRetired', data: { masterKeys } }];
  },
};

/** The stream is `keyring-main`. */
export const keyringId = 'main';
