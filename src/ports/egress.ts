import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';

/**
 * The way out: every request this product makes goes through these agents, which look at the address that is really
 * connected to. A refused connection fails its request with `EgressRefused`.
 */
export interface Egress {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /** Why an IP address may not be reached, in words for the operator; undefined when it may. */
  refusal(address: string): string | undefined;
  /** Ends idle connections and refuses nothing: requests under way go on. */
  close(): void;
}

/** The target's address is not allowed by `ANNALS_EGRESS_ALLOW`; nothing was sent. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
}
