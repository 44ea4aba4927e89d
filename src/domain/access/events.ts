import type { DomainEvent } from '../event.ts';
import type { Resource } from './resource.ts';

/** Somebody read the audit trail. Each reading is a stream of its own: `audit-<id>`. */
export type AuditRead = DomainEvent<
  'AuditRead',
  {
    readonly what: 'list' | 'export' | 'sealed' | 'verify' | 'preview';
    /** What was asked for, as the request had it. */
    readonly filter: Readonly<Record<string, string>>;
    /** In the minute that begins here there may be more readings by the same actor, of which nothing is recorded. */
    readonly andMore?: true;
  }
>;

/** A principal was refused. Each denial is a stream of its own: `denial-<id>`. */
export type AccessDenied = DomainEvent<
  'AccessDenied',
  {
    /** The permission that is missing. */
    readonly action: string;
    /** What it was asked of: a route, or a stream. */
    readonly resource: string;
    readonly reason: string;
    /**
     * What was decided on, as it was then, so that it can be decided again. Absent where no permission was in question, and in
     * events of before it was kept.
     */
    readonly asked?: Resource;
    /** In the minute that begins here the same credential may have been refused more, of which nothing is recorded. */
    readonly andMore?: true;
  }
>;
