import type { SecretReference, Transport } from '../domain/mcp/definition.ts';

/** What a secret is asked for. */
export interface SecretUse {
  readonly mcpId: string;
  /** As it stands in the version that is to be reached. */
  readonly transport: Transport;
  /** For whom, as events name him; absent: for nobody in particular. */
  readonly caller?: string;
}

export interface ResolvedSecret {
  readonly id: string;
  readonly value: string;
}

/** Gives a secret in clear to whoever reaches servers, and to nobody else. @throws UpstreamError `upstream_refused` */
export type ResolveSecret = (reference: SecretReference, use: SecretUse) => Promise<ResolvedSecret>;
