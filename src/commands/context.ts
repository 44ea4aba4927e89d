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
  /** Why, in the caller's own words. */
  readonly reason?: string;
  /** `If-Match`: the revision that the caller saw. Without it a conflict is retried on the newer state. */
  readonly expectedRevision?: number;
}

/** A further command that follows from this one: another id, and nothing of what the caller had seen. */
export function following(context: CommandContext, commandId: string): CommandContext {
  const { principal, correlationId, traceparent, remoteAddress, reason } = context;
  return {
    commandId,
    principal,
    correlationId,
    causationId: context.commandId,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(reason === undefined ? {} : { reason }),
  };
}
