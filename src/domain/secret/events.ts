import type { DomainEvent } from '../event.ts';

/** A key that opens one sealed text, itself sealed with a master key. */
export interface WrappedKey {
  /** Which master key opens it. */
  readonly masterKey: string;
  readonly key: string;
}

/** Whose a secret is to use. */
export type SecretScope =
  /** Of its owner, and of those who may use everybody's: any mcp may name it. */
  | 'shared'
  /** One person's own: where a transport asks for the caller's. */
  | 'user'
  /** What one setting of one mcp was given in clear. */
  | 'mcp';

/** One person lets a secret be used by an mcp that reaches its server in this way, and in no other. */
export interface Consent {
  readonly mcpId: string;
  /** SHA-256 of the transport. */
  readonly transport: string;
}

export interface SecretContent {
  readonly name: string;
  readonly description: string;
  readonly scope: SecretScope;
  /** Who made it, as events name him; of scope `mcp`: who gave its value last. */
  readonly owner: string;
  /** The mcp whose setting it is; null for other scopes. */
  readonly mcpId: string | null;
  /** What a secret of scope `user` may be used for. */
  readonly mcps: readonly Consent[];
}

/** The value, sealed with a key of its own. */
export interface SealedVersion {
  readonly version: number;
  readonly value: string;
  readonly key: WrappedKey;
}

export type SecretEvent =
  | DomainEvent<'SecretCreated', SecretContent & SealedVersion & { readonly tenant: string }>
  | DomainEvent<'SecretRotated', SealedVersion & { readonly owner: string }>
  | DomainEvent<'SecretChanged', Pick<SecretContent, 'description' | 'mcps'>>
  /** The same value under the same key, which another master key opens now. */
  | DomainEvent<'SecretRewrapped', { readonly version: number; readonly key: WrappedKey }>
  | DomainEvent<'SecretDeleted', Record<string, never>>;
