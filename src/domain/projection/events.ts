import type { DomainEvent } from '../event.ts';

/** The life of read models, on `projection-<name>`. */
export type ProjectionEvent =
  | DomainEvent<'ProjectionRebuildStarted', { readonly rebuildId: string; readonly version: number }>
  | DomainEvent<
      'ProjectionRebuildCompleted',
      { readonly rebuildId: string; readonly version: number; readonly events: number; readonly durationMs: number }
    >
  | DomainEvent<
      'ProjectionRebuildFailed',
      { readonly rebuildId: string; readonly version: number; readonly message: string; readonly position?: number }
    >
  | DomainEvent<'ProjectionRolledBack', { readonly version: number; readonly replacedVersion: number }>
  | DomainEvent<
      'DeadLettersRetried',
      { readonly stream: string | null; readonly resolved: number; readonly left: number }
    >;
