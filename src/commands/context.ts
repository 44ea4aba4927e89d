import type { Principal } from '../domain/access/principal.ts';

/** What is known about a command besides its content. It becomes the metadata of the events. */
export interface CommandContext {
  /**
   * UUIDv7. The same command sent again has the same id, and then is answered from the log. What a command creates takes
   * this id.
   */
  readonly commandId: string;
  readonly principal: Principal;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly traceparent?: string;
  readonly remoteAddress?: string;
  /** `If-Match`: the revision that the caller saw. Without it a conflict is retried on the newer state. */
  readonly expectedRevision?: number;
}
