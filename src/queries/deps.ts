import type { BlobStore } from '../ports/blob-store.ts';
import type { EventStore, Position, Revision } from '../ports/event-store.ts';
import type { PersonalData } from '../ports/personal-data.ts';
import type { ReadModels } from '../ports/read-models.ts';

/** What every query reads from. */
export interface QueryDeps {
  readonly models: ReadModels;
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly personal: PersonalData;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** A resource as its readers see it, and where it stands: `revision` is its ETag. */
export interface Versioned<Resource> {
  readonly resource: Resource;
  readonly revision: Revision;
  /** Of the last event that changed it. */
  readonly position: Position;
}

/** Which past state is asked for; neither: the present one. */
export interface Moment {
  /** A position of the log, or a time (RFC 3339). */
  readonly asOf?: string | number;
  /** The resource as it was at this revision of its stream. */
  readonly revision?: number;
}
