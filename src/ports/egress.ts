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

/** What a request may say to the agents besides the options of Node. */
export interface EgressRequest {
  /**
   * A name for sockets of their own, of which one origin has as many again. Streams that stay open name one, so that they
   * do not take the place of requests that come and go.
   */
  readonly pool?: string;
}

/** The target's address is not allowed by `ANNALS_EGRESS_ALLOW`; nothing was sent. */
export class EgressRefused extends Error {
  override readonly name = 'EgressRefused';
}

/**
 * `fetch` through the guard: for what others publish, such as keys and metadata. Redirects are not followed, bodies are
 * limited, and an answer that takes too long fails.
 */
export type GuardedFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
