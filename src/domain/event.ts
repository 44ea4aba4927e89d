/** What a decider produces: a fact, named in the past tense. The type string is a wire contract. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** Flat string-to-string facts about how an event came to be. Absent facts are left out, never empty. */
export interface EventMetadata {
  readonly eventId: string;
  readonly commandId: string;
  /** Who caused it: `user:<id>`, `system:<part>` or `anonymous`. */
  readonly actor: string;
  /** The credential that spoke for the actor when it was not a session: `api-key:<id>`. */
  readonly via?: string;
  readonly tenant: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly traceparent?: string;
  /** The version of the event type's data, as a decimal number. Upcasters read it. */
  readonly schemaVersion: string;
  /** RFC 3339, UTC. */
  readonly occurredAt: string;
  readonly remoteAddress?: string;
  /** Why, in the caller's own words. */
  readonly reason?: string;
}
