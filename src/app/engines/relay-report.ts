import type { SharedCache } from '../../ports/coordination.ts';
import type { EventStore, Position } from '../../ports/event-store.ts';
import { eventsBeyond } from '../../projections/engine/events-beyond.ts';
import type { Closing } from '../closing.ts';

const KEY = 'relay position';
const TELL_EVERY_MS = 2_000;
/** What an earlier relay told is of no use for longer. */
const KEPT_MS = 5 * 60_000;

interface Publisher {
  status(): { readonly isHolder: boolean; readonly position: Position | undefined };
}

/** Lets other processes see how far the log is published, as long as this one publishes it. */
export function reportRelay(relay: Publisher, shared: Pick<SharedCache, 'set'>, closing: Closing): void {
  const tell = (): void => {
    const { isHolder, position } = relay.status();
    if (isHolder && position !== undefined) void shared.set(KEY, String(position), KEPT_MS);
  };
  const timer = setInterval(tell, TELL_EVERY_MS).unref();
  closing.add('report of the relay', () => clearInterval(timer));
}

/** Events that stand in the log and are not published yet, as the relay told last; undefined when it has told nothing. */
export async function unpublished(
  store: Pick<EventStore, 'sparse' | 'readAll' | 'head'>,
  shared: Pick<SharedCache, 'get'>,
): Promise<number | undefined> {
  const told = await shared.get(KEY);
  return told === undefined ? undefined : eventsBeyond(store, Number(told), await store.head());
}
