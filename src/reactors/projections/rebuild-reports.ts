import { DomainError } from '../../domain/error.ts';
import type { SharedCache } from '../../ports/coordination.ts';
import type { EventStore, RecordedEvent } from '../../ports/event-store.ts';
import type { ProjectionControl, RebuildStatus } from '../../ports/projection-control.ts';

/** How often the progress of a rebuild is told to other processes, and how long it is kept for them, in milliseconds. */
const TELL_EVERY_MS = 1_000;
const KEPT_MS = 60 * 60_000;

/** Events of one model's stream that are looked through for a rebuild: some three hundred rebuilds. */
const MOST_LOOKED_AT = 1_000;

/** How rebuilds go, whichever process carries them out. */
export interface RebuildReports {
  /** Lets other processes see the progress until the rebuild has ended. */
  follow(name: string, rebuildId: string): void;
  /**
   * As the process that rebuilds tells it; without its word, as the log has it: that it began, and how it ended.
   * @throws DomainError `projection_not_found`, `rebuild_not_found`
   */
  status(name: string, rebuildId: string): Promise<RebuildStatus>;
  close(): void;
}

export function createRebuildReports(
  control: Pick<ProjectionControl, 'rebuildStatus'>,
  store: EventStore,
  shared: Pick<SharedCache, 'get' | 'set'>,
): RebuildReports {
  const followed = new Map<string, string>();
  const keyOf = (name: string, id: string): string => `rebuild ${name} ${id}`;

  async function own(name: string, id: string): Promise<RebuildStatus | undefined> {
    try {
      return await control.rebuildStatus(name, id);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'rebuild_not_found') return undefined;
      throw error;
    }
  }

  async function tell(): Promise<void> {
    for (const [id, name] of followed) {
      const status = await own(name, id);
      if (status?.status !== 'running') followed.delete(id);
      if (status !== undefined) await shared.set(keyOf(name, id), JSON.stringify(status), KEPT_MS);
    }
  }
  const timer = setInterval(() => void tell(), TELL_EVERY_MS).unref();

  return {
    follow: (name, id) => void followed.set(id, name),
    async status(name, id) {
      const known = await own(name, id);
      if (known !== undefined) return known;
      const told = await shared.get(keyOf(name, id));
      const recorded = await recordedStatus(store, name, id);
      // What was told last may be from before the end.
      const isOver = recorded !== undefined && recorded.status !== 'running';
      if (told !== undefined && !isOver) return JSON.parse(told) as RebuildStatus;
      if (recorded !== undefined) return recorded;
      throw new DomainError('not_found', 'rebuild_not_found', `${name} has no rebuild ${id}`);
    },
    close: () => clearInterval(timer),
  };
}

async function recordedStatus(store: EventStore, projection: string, id: string): Promise<RebuildStatus | undefined> {
  const options = { direction: 'backward', limit: MOST_LOOKED_AT } as const;
  const events = await store.readStream(`projection-${projection}`, options);
  const own = events.filter(({ data }) => (data as { readonly rebuildId?: unknown }).rebuildId === id);
  const begun = own.find(({ type }) => type === 'ProjectionRebuildStarted');
  if (begun === undefined) return undefined;
  const ended = own.find(({ type }) => type === 'ProjectionRebuildCompleted' || type === 'ProjectionRebuildFailed');
  return {
    id,
    projection,
    version: (begun.data as { readonly version: number }).version,
    eventsPerSecond: 0,
    etaMs: null,
    startedAt: begun.metadata.occurredAt,
    ...(ended === undefined ? running : endOf(ended)),
  };
}

type Outcome = Pick<RebuildStatus, 'status' | 'done' | 'total' | 'finishedAt' | 'error' | 'errorPosition'>;

const running: Outcome = { status: 'running', done: 0, total: 0, finishedAt: null, error: null, errorPosition: null };

function endOf({ type, data, metadata }: RecordedEvent): Outcome {
  const { events = 0, message, position } = data as Readonly<{ events?: number; message?: string; position?: number }>;
  const failed = type === 'ProjectionRebuildFailed';
  return {
    status: failed ? 'failed' : 'succeeded',
    done: events,
    total: events,
    finishedAt: metadata.occurredAt,
    error: failed ? (message ?? 'unknown') : null,
    errorPosition: position ?? null,
  };
}
