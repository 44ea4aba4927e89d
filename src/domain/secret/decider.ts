import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { Consent, SealedVersion, SecretContent, SecretEvent, WrappedKey } from './events.ts';

export interface KnownSecret extends SecretContent, SealedVersion {
  readonly status: 'active' | 'deleted';
  readonly tenant: string;
}

export type SecretState = { readonly status: 'none' } | KnownSecret;

export type SecretCommand =
  | {
      readonly type: 'CreateSecret';
      readonly content: SecretContent;
      readonly tenant: string;
      readonly sealed: SealedVersion;
    }
  /** What is absent stays as it is. */
  | {
      readonly type: 'ChangeSecret';
      readonly description?: string;
      readonly mcps?: readonly Consent[];
      readonly sealed?: SealedVersion;
    }
  /** A setting of an mcp was given a value: the first one or another one, by somebody else perhaps. */
  | {
      readonly type: 'SetSecret';
      readonly content: SecretContent;
      readonly tenant: string;
      readonly sealed: SealedVersion;
    }
  | { readonly type: 'RewrapSecret'; readonly version: number; readonly key: WrappedKey }
  | { readonly type: 'DeleteSecret' };

/** A value that only the platform sees, under a name that others may use. Its versions follow each other by number. */
export const secretDecider: Decider<SecretState, SecretCommand, SecretEvent> = {
  category: 'secret',
  initialState: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'SecretCreated') return { status: 'active', ...event.data };
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'SecretRotated':
        // A deleted one that is given a value is there again.
        return { ...state, ...event.data, status: 'active' };
      case 'SecretChanged':
        return { ...state, ...event.data };
      case 'SecretRewrapped':
        return event.data.version === state.version ? { ...state, key: event.data.key } : state;
      case 'SecretDeleted':
        return { ...state, status: 'deleted' };
      default:
        return state;
    }
  },
  decide(command, state) {
    switch (command.type) {
      case 'CreateSecret':
        if (state.status !== 'none') throw new DomainError('conflict', 'secret_exists', 'this secret exists');
        return [created(command)];
      case 'SetSecret': {
        const { content, sealed } = command;
        if (state.status === 'none') return [created(command)];
        return [{ type: 'SecretRotated', data: { owner: content.owner, ...next(state, sealed) } }];
      }
      case 'ChangeSecret':
        return change(active(state), command);
      case 'RewrapSecret':
        if (state.status !== 'active' || state.version !== command.version) return [];
        if (state.key.masterKey === command.key.masterKey) return [];
        return [{ type: 'SecretRewrapped', data: { version: command.version, key: command.key } }];
      case 'DeleteSecret':
        active(state);
        return [{ type: 'SecretDeleted', data: {} }];
    }
  },
};

export function secretNotFound(): DomainError {
  return new DomainError('not_found', 'secret_not_found', 'there is no such secret');
}

function created({
  content,
  tenant,
  sealed,
}: Extract<SecretCommand, { type: 'CreateSecret' | 'SetSecret' }>): SecretEvent {
  return { type: 'SecretCreated', data: { ...content, tenant, ...sealed } };
}

function change(
  secret: KnownSecret,
  { description = secret.description, mcps = secret.mcps, sealed }: Extract<SecretCommand, { type: 'ChangeSecret' }>,
): SecretEvent[] {
  if (mcps.length > 0 && secret.scope !== 'user') {
    const faults = [{ pointer: '/mcps', detail: 'is for secrets of the scope "user"' }];
    throw new DomainError('invalid', 'invalid_input', 'only a personal secret is for certain mcps', faults);
  }
  const isSame = description === secret.description && sameConsents(mcps, secret.mcps);
  return [
    ...(isSame ? [] : [{ type: 'SecretChanged', data: { description, mcps } } as const]),
    ...(sealed ? [{ type: 'SecretRotated', data: { owner: secret.owner, ...next(secret, sealed) } } as const] : []),
  ];
}

/** A sealed text is bound to its version: one that was sealed for another would never open. */
function next(secret: KnownSecret, { version, value, key }: SealedVersion): SealedVersion {
  if (version !== secret.version + 1)
    throw new Error(`a value for version ${version} follows version ${secret.version}`);
  return { version, value, key };
}

function active(state: SecretState): KnownSecret {
  if (state.status !== 'active') throw secretNotFound();
  return state;
}

function sameConsents(one: readonly Consent[], other: readonly Consent[]): boolean {
  const keys = new Set(one.map(({ mcpId, transport }) => `${mcpId} ${transport}`));
  return one.length === other.length && other.every(({ mcpId, transport }) => keys.has(`${mcpId} ${transport}`));
}
