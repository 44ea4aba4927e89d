import type { EventMetadata } from '../../domain/event.ts';
import { publicData } from '../../domain/registry.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { QueryDeps } from '../deps.ts';

/** An event as its readers see it: secret fields are masked. */
export interface EventItem {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** Events as they are shown, what is sealed of people opened. @throws StoreUnavailable */
export async function showEvents(
  { personal }: Pick<QueryDeps, 'personal'>,
  events: readonly RecordedEvent[],
): Promise<readonly EventItem[]> {
  return (await personal.reveal(events)).map(toEventItem);
}

/** The public form of a revealed event. Feeds and lists show the same. */
export function toEventItem(event: RecordedEvent): EventItem {
  const { position, stream, revision, type, metadata } = event;
  return { position, stream, revision, type, data: shownData(event), metadata };
}

/** The log is shown to its end, whatever somebody has done to an event of it. */
function shownData(event: RecordedEvent): unknown {
  try {
    return publicData(event.type, event.data);
  } catch (error) {
    return { undecodable: error instanceof Error ? error.message : String(error) };
  }
}
