import type { EventStore, Position } from '../../ports/event-store.ts';
import { parseTime } from './as-of.ts';

/** From when to when, both included. RFC 3339. */
export interface Interval {
  readonly from?: string;
  readonly to?: string;
}

/** An interval as the stores compare it. */
export interface Bounds {
  readonly from?: string;
  readonly to?: string;
  /** The positions between which all events of the interval lie: they enter an index, the times decide. */
  readonly after?: Position;
  readonly through?: Position;
}

/** An event is stamped before it is recorded; whoever stamps it can have another clock. */
const slackMs = 60_000;

/** @throws DomainError `invalid_time` naming `/from` or `/to` */
export async function boundsOf(store: EventStore, { from, to }: Interval): Promise<Bounds> {
  const fromMs = from === undefined ? undefined : parseTime('/from', from);
  const toMs = to === undefined ? undefined : parseTime('/to', to);
  return {
    ...(fromMs === undefined
      ? {}
      : { from: new Date(fromMs).toISOString(), after: await store.positionAt(fromMs - slackMs) }),
    ...(toMs === undefined
      ? {}
      : { to: new Date(toMs).toISOString(), through: await store.positionAt(toMs + slackMs) }),
  };
}

/** Whether a time (RFC 3339, UTC, milliseconds) lies within the bounds. */
export function isWithin(at: string, { from, to }: Bounds): boolean {
  return (from === undefined || at >= from) && (to === undefined || at <= to);
}
