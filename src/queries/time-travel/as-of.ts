import type { Position } from '../../ports/event-store.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { QueryDeps } from '../deps.ts';
import { invalid } from '../invalid.ts';

/** RFC 3339 `date-time`. */
const dateTime = /^(\d{4}-\d\d-\d\d)[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** How long a list of the past waits for its read model to reach that past. */
const patienceMs = 2_000;

/**
 * The position of the log that `asOf` means. A position stands for the state after its event, a time for the state after
 * the last event recorded at or before it; 0 is the state before the first event. What has not happened yet cannot be
 * asked for, since the answer could still change.
 * @throws DomainError `invalid_as_of`, `as_of_in_future`
 */
export async function resolveAsOf(deps: QueryDeps, asOf: string | number): Promise<Position> {
  const text = String(asOf);
  if (/^\d+$/.test(text)) {
    const position = Number(text);
    const head = await deps.store.head();
    if (position > head) throw inFuture(`must not lie beyond the last event, at position ${head}`);
    return position;
  }
  const timeMs = parseTime('/asOf', text);
  const now = deps.clock();
  if (timeMs > now) throw inFuture(`must not lie in the future: it is ${new Date(now).toISOString()} here`);
  return deps.store.positionAt(timeMs);
}

/** Milliseconds since the epoch. @throws DomainError `invalid_as_of` or `invalid_time` naming the parameter */
export function parseTime(pointer: string, text: string): number {
  const date = dateTime.exec(text)?.[1];
  const timeMs = date === undefined ? Number.NaN : Date.parse(text.toUpperCase());
  // A date that no calendar has (30 February) is shifted by Date.parse; it is a mistake here.
  if (date === undefined || Number.isNaN(timeMs) || !isCalendarDate(date)) {
    if (pointer !== '/asOf') throw invalid('invalid_time', pointer, 'must be a time (RFC 3339): 2026-03-01T12:00:00Z');
    throw invalid(
      'invalid_as_of',
      pointer,
      'must be a position of the log, or a time (RFC 3339): 2026-03-01T12:00:00Z',
    );
  }
  return timeMs;
}

/**
 * Answers when a read model has taken in all events up to a position.
 * @throws StoreUnavailable it has not within two seconds
 */
export async function reachPosition(deps: QueryDeps, model: string, position: Position): Promise<void> {
  if (deps.models.position(model) >= position) return;
  const reached = await deps.models.waitFor(model, position, patienceMs);
  if (reached >= position) return;
  throw new StoreUnavailable(`the read model ${model} is at position ${reached} and has not reached ${position} yet`);
}

function isCalendarDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}

function inFuture(detail: string) {
  return invalid('as_of_in_future', '/asOf', detail);
}
