import type { DomainEvent } from '../event.ts';

/** A principal was refused. Each denial is a stream of its own: `denial-<id>`. */
export type AccessDenied = DomainEvent<
  'AccessDenied',
  {
    /** The permission that is missing. */
    readonly action: string;
    /** What it was asked of: a route, or a stream. */
    readonly resource: string;
    readonly reason: string;
  }
>;
