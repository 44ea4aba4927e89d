import type { ApiKeyEvent } from './access/api-key.ts';
import type { AccessDenied, AuditRead } from './access/events.ts';
import type { RoleEvent } from './access/role-definitions.ts';
import type { AdministratorsEvent } from './administrators/decider.ts';
import type { ExecutionEvent } from './execution/events.ts';
import type { IdempotencyEvent } from './idempotency/decider.ts';
import type { KeyringEvent } from './keyring/decider.ts';
import type { LimitEvent } from './limits/decider.ts';
import type { McpEvent } from './mcp/events.ts';
import type { ProjectionEvent } from './projection/events.ts';
import type { OAuthClientEvent } from './oauth/client.ts';
import type { OAuthGrantEvent } from './oauth/grant.ts';
import type { OAuthTokenEvent } from './oauth/token.ts';
import type { NameClaimWithdrawn, ReservationEvent } from './reservation/decider.ts';
import type { SecretEvent } from './secret/events.ts';
import type { SessionEvent } from './session/decider.ts';
import { upcastExecutionRequested } from './upcasters/execution-requested.ts';
import type { UserEvent } from './user/decider.ts';

/** Every event that this version of the product writes. */
export type AnnalsEvent =
  | McpEvent
  | ExecutionEvent
  | UserEvent
  | SessionEvent
  | ReservationEvent
  | NameClaimWithdrawn
  | IdempotencyEvent
  | ProjectionEvent
  | AdministratorsEvent
  | RoleEvent
  | LimitEvent
  | ApiKeyEvent
  | OAuthClientEvent
  | OAuthGrantEvent
  | OAuthTokenEvent
  | SecretEvent
  | KeyringEvent
  | AccessDenied
  | AuditRead;

export type EventType = AnnalsEvent['type'];

interface EventKind {
  /** Of the data, from 1. A change that old readers or old events would not survive raises it and adds an upcaster. */
  readonly schemaVersion: number;
  /** `upcasters[n - 1]` turns data of version n into version n + 1. Total: they never throw on data once stored. */
  readonly upcasters?: readonly ((data: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>)[];
  /** Top-level fields that no reader outside the command side may see. */
  readonly secretFields?: readonly string[];
  /** Top-level fields that say who somebody is. Stored sealed with the key of the person, opened for whoever reads the log. */
  readonly personalFields?: readonly string[];
  /** The same of from where, or as whom, somebody came. Sealed in read models too: opened when they are shown. */
  readonly traceFields?: readonly string[];
}

const v1: EventKind = { schemaVersion: 1 };

const kinds = {
  McpRegistered: v1,
  McpVersionPublished: v1,
  ToolsDiscovered: v1,
  ToolDiscoveryFailed: v1,
  ToolDefinitionDrifted: v1,
  PackagesPinned: v1,
  McpRetired: v1,
  McpRestored: v1,
  ExecutionRequested: { schemaVersion: 2, upcasters: [upcastExecutionRequested] },
  ExecutionStarted: v1,
  ExecutionSucceeded: v1,
  ExecutionFailed: v1,
  ExecutionTimedOut: v1,
  ExecutionCancelled: v1,
  UserRegistered: {
    schemaVersion: 1,
    secretFields: ['passwordHash'],
    personalFields: ['username', 'email', 'passwordHash'],
  },
  PasswordChanged: { schemaVersion: 1, secretFields: ['passwordHash'], personalFields: ['passwordHash'] },
  UserRolesChanged: v1,
  UserLoggedIn: { schemaVersion: 1, traceFields: ['identity'] },
  UserIdentityLinked: { schemaVersion: 1, personalFields: ['subject'] },
  UserErasureBegan: v1,
  UserErased: v1,
  LoginFailed: v1,
  SessionStarted: { schemaVersion: 1, secretFields: ['tokenHash'] },
  SessionRefreshed: { schemaVersion: 1, secretFields: ['tokenHash'] },
  SessionEnded: v1,
  NameReserved: v1,
  NameReleased: v1,
  NameClaimWithdrawn: v1,
  IdempotencyKeyClaimed: { schemaVersion: 1, secretFields: ['requestHash'] },
  IdempotencyKeyAnswered: { schemaVersion: 1, secretFields: ['body'], personalFields: ['body'] },
  ProjectionRebuildStarted: v1,
  ProjectionRebuildCompleted: v1,
  ProjectionRebuildFailed: v1,
  ProjectionRolledBack: v1,
  DeadLettersRetried: v1,
  AdministratorAdded: v1,
  AdministratorRemoved: v1,
  RoleDefined: v1,
  RoleChanged: v1,
  RoleRemoved: v1,
  RateLimitDefined: v1,
  RateLimitChanged: v1,
  RateLimitRemoved: v1,
  ApiKeyCreated: { schemaVersion: 1, secretFields: ['secretHash'] },
  ApiKeyUsed: { schemaVersion: 1, traceFields: ['address'] },
  ApiKeyRevoked: v1,
  OAuthClientRegistered: v1,
  OAuthClientUsed: v1,
  OAuthGrantGiven: v1,
  OAuthGrantChanged: v1,
  OAuthGrantUsed: { schemaVersion: 1, traceFields: ['address'] },
  OAuthGrantRevoked: v1,
  OAuthTokenIssued: { schemaVersion: 1, secretFields: ['content'] },
  OAuthTokenUsed: v1,
  SecretCreated: { schemaVersion: 1, secretFields: ['value', 'key'] },
  SecretRotated: { schemaVersion: 1, secretFields: ['value', 'key'] },
  SecretChanged: v1,
  SecretRewrapped: { schemaVersion: 1, secretFields: ['key'] },
  SecretDeleted: v1,
  KeyringCreated: { schemaVersion: 1, secretFields: ['keys'] },
  MasterKeyChanged: { schemaVersion: 1, secretFields: ['keys'] },
  MasterKeysRetired: v1,
  AccessDenied: v1,
  AuditRead: v1,
} satisfies Record<EventType, EventKind>;

const byType: ReadonlyMap<string, EventKind> = new Map(Object.entries<EventKind>(kinds));

/** All event types, sorted. */
export const eventTypes: readonly string[] = [...byType.keys()].sort();

/** The schema version that new events of a type are written with; 1 for a type unknown here. */
export function schemaVersionOf(type: string): number {
  return byType.get(type)?.schemaVersion ?? 1;
}

/**
 * Brings stored data to the newest schema version of its type. Data of an unknown type, or of a version newer than this
 * program knows, passes as it is.
 */
export function decodeEventData(type: string, schemaVersion: number, data: unknown): unknown {
  const upcasters = byType.get(type)?.upcasters;
  if (!upcasters || schemaVersion > upcasters.length || !isRecord(data)) return data;
  return upcasters.slice(schemaVersion - 1).reduce((older, upcast) => upcast(older), data);
}

/** Names of fields of an event type's data that are sealed with the key of a person. */
export interface SealedFields {
  /** Those that are opened for whoever reads the log. */
  readonly personal: readonly string[];
  /** These and the traces. */
  readonly all: readonly string[];
}

const nothingSealed: SealedFields = { personal: [], all: [] };

const sealedFields: ReadonlyMap<string, SealedFields> = new Map(
  [...byType]
    .map(([type, { personalFields = [], traceFields = [] }]) => {
      return [type, { personal: personalFields, all: [...personalFields, ...traceFields] }] as const;
    })
    .filter(([, { all }]) => all.length > 0),
);

export function sealedFieldsOf(type: string): SealedFields {
  return sealedFields.get(type) ?? nothingSealed;
}

const mask = '[redacted]';

/** What anybody outside the command side may see of an event's data: secret fields are masked, the rest is the same. */
export function publicData(type: string, data: unknown): unknown {
  const secret = byType.get(type)?.secretFields;
  if (!secret || !isRecord(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, secret.includes(key) ? mask : value]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
