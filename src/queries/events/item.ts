import type { EventMetadata } from '../../domain/event.ts';
import { publicData } from '../../domain/registry.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';

/** An event as its readers see it: secret fields are masked. */
export interface EventItem {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** The public form of an event. Feeds and lists show the same. */
export function toEventItem({ position, stream, revision, type, data, metadata }: RecordedEvent): EventItem {
  return { position, stream, revision, type, data: publicData(type, data), metadata };
}
