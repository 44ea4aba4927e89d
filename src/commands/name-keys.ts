import type { McpState } from '../domain/mcp/state.ts';
import type { Identity, UserState } from '../domain/user/decider.ts';
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

/** Whether the mcp goes by the name that the key stands for. */
export function mcpUsesKey(deps: CommandDeps, state: McpState, key: string): boolean {
  return state.status !== 'unregistered' && mcpNameKey(deps, state.definition.name) === key;
}

/** Whether the user goes by the name, the e-mail address or the identity that the key stands for. */
export function userUsesKey(deps: CommandDeps, state: UserState, key: string): boolean {
  if (state.status === 'unregistered') return false;
  if (userNameKey(deps, state.username) === key || userEmailKey(deps, state.email) === key) return true;
  return state.identities.some((identity) => identityKey(deps, identity) === key);
}
