import type { McpState } from '../domain/mcp/state.ts';
import type { Identity, UserState } from '../domain/user/decider.ts';
import type { SecretState } from '../domain/secret/decider.ts';
import type { CommandDeps } from './deps.ts';

/** Names that look the same are the same. */
export function mcpNameKey({ keyedHash }: CommandDeps, name: string): string {
  return keyedHash(`mcp-name:${name.normalize('NFKC').toLowerCase()}`);
}

export function userNameKey({ keyedHash }: CommandDeps, username: string): string {
  return keyedHash(`user-name:${username.normalize('NFKC').toLowerCase()}`);
}

export function userEmailKey({ keyedHash }: CommandDeps, email: string): string {
  return keyedHash(`user-email:${email.toLowerCase()}`);
}

/** Of somebody as an identity provider knows him. */
export function identityKey({ keyedHash }: CommandDeps, { issuer, subject }: Identity): string {
  return keyedHash(`identity:${JSON.stringify([issuer, subject])}`);
}

/** Of a shared secret, or of one that a person has for himself. @param owner null for a shared one */
export function secretNameKey({ keyedHash }: CommandDeps, owner: string | null, name: string): string {
  return keyedHash(`secret-name:${JSON.stringify([owner, name.normalize('NFKC').toLowerCase()])}`);
}

/** Whether the mcp goes by the name that the key stands for. */
export function mcpUsesKey(deps: CommandDeps, state: McpState, key: string): boolean {
  return state.status !== 'unregistered' && mcpNameKey(deps, state.definition.name) === key;
}

/** Whether the user goes by the name, the e-mail address or the identity that the key stands for. */
export function userUsesKey(deps: CommandDeps, state: UserState, key: string): boolean {
  if (state.status !== 'active') return false;
  if (userNameKey(deps, state.username) === key || userEmailKey(deps, state.email) === key) return true;
  return state.identities.some((identity) => identityKey(deps, identity) === key);
}

/**
 * Whether the secret goes by the name that the key stands for. A shared one keeps its name when it is deleted: old versions
 * of mcps may name it, and must not find another secret in its place.
 */
export function secretUsesKey(deps: CommandDeps, state: SecretState, key: string): boolean {
  if (state.status === 'none' || state.scope === 'mcp') return false;
  if (state.scope === 'shared') return secretNameKey(deps, null, state.name) === key;
  return state.status === 'active' && secretNameKey(deps, state.owner, state.name) === key;
}
