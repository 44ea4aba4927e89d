import { DomainError } from '../../domain/error.ts';
import type { Position } from '../../ports/event-store.ts';
import type { RebuildStatus } from '../../ports/projection-control.ts';
import type { AnyProjection } from '../projection.ts';
import { BuildFailed } from './build-thread.ts';
import type { Engine } from './engine.ts';
import { PoisonEvent } from './fold.ts';
import { makeLive } from './make-live.ts';
import type { ModelSlot } from './model-slot.ts';
import { createRebuildRecord, type RebuildRecord } from './rebuild-record.ts';

/** Rebuilds of one model whose outcome is remembered. */
const MOST_REMEMBERED = 20;

export interface Rebuilds {
  /** Starts one; asking again with the same id answers the one that is there. @throws DomainError `rebuild_running` */
  start(slot: ModelSlot, rebuildId: string): Promise<RebuildStatus>;
  /** @throws DomainError `rebuild_not_found` */
  status(slot: ModelSlot, rebuildId: string): RebuildStatus;
  /** Fills a model of which there is no usable version. Its poison streams are parked: there is nothing to fall back to. */
  buildFirst(slot: ModelSlot, rebuildId: string): Promise<RebuildStatus>;
  onChange(listener: (status: RebuildStatus) => void): void;
  /** Settles when all that was started has ended. */
  settled(): Promise<void>;
}

export function createRebuilds(engine: Engine): Rebuilds {
  const records = new Map<ModelSlot, RebuildRecord[]>();
  const listeners: ((status: RebuildStatus) => void)[] = [];
  const running = new Set<Promise<unknown>>();

  function find(slot: ModelSlot, rebuildId: string): RebuildRecord | undefined {
    return records.get(slot)?.find(({ id }) => id === rebuildId);
  }

  function tell(status: RebuildStatus): void {
    for (const listener of listeners) listener(status);
  }

  async function begin(slot: ModelSlot, id: string, work: 'building' | 'rebuilding'): Promise<RebuildRecord> {
    if (slot.work !== undefined) {
      throw new DomainError('conflict', 'rebuild_running', `the versions of ${slot.name} are being worked on`);
    }
    slot.work = work;
    try {
      const head = await engine.store.head();
      const version = await nextVersion(engine, slot);
      const record = createRebuildRecord({
        id,
        projection: slot.name,
        version,
        head,
        sparse: engine.store.sparse === true,
        clock: engine.clock,
      });
      records.set(slot, [...(records.get(slot) ?? []), record].slice(-MOST_REMEMBERED));
      tell(record.status());
      return record;
    } catch (error) {
      slot.work = undefined;
      throw error;
    }
  }

  async function carryOut(slot: ModelSlot, record: RebuildRecord, onPoison: 'park' | 'stop'): Promise<RebuildStatus> {
    try {
      await rebuild(engine, slot, record, onPoison);
      record.succeed();
      engine.logger.info({ ...record.status() }, 'read model rebuilt');
    } catch (error) {
      const { message, position } = failure(error);
      record.fail(message, position);
      engine.logger.error({ error, projection: slot.name, version: record.version }, 'read model not rebuilt');
    } finally {
      slot.work = undefined;
    }
    tell(record.status());
    return record.status();
  }

  function track(work: Promise<RebuildStatus>): Promise<RebuildStatus> {
    running.add(work);
    return work.finally(() => running.delete(work));
  }

  return {
    async start(slot, rebuildId) {
      const known = find(slot, rebuildId);
      if (known !== undefined) return known.status();
      const record = await begin(slot, rebuildId, 'rebuilding');
      void track(carryOut(slot, record, slot.live === undefined ? 'park' : 'stop'));
      return record.status();
    },
    status(slot, rebuildId) {
      const record = find(slot, rebuildId);
      if (record === undefined) {
        throw new DomainError('not_found', 'rebuild_not_found', `${slot.name} has no rebuild ${rebuildId}`);
      }
      return record.status();
    },
    buildFirst: async (slot, rebuildId) => track(carryOut(slot, await begin(slot, rebuildId, 'building'), 'park')),
    onChange: (listener) => void listeners.push(listener),
    async settled() {
      await Promise.allSettled(running);
    },
  };
}

/** Fills the version in a thread beside the one that serves, then makes it live. What fails leaves nothing behind. */
async function rebuild(
  engine: Engine,
  slot: ModelSlot,
  record: RebuildRecord,
  onPoison: 'park' | 'stop',
): Promise<void> {
  const { projection } = slot;
  const { version } = record;
  const replaced = slot.previous;
  try {
    const task = { projection: slot.name, version, from: 'nothing', onPoison } as const;
    await engine.threads.run(task, weightOf(projection), (position, events) => record.progress(position, events));
    const open = await engine.stores.open(projection, version);
    try {
      await makeLive(engine, slot, { version, previous: slot.live?.version ?? null, open, onPoison });
    } catch (error) {
      await open.store.close();
      throw error;
    }
  } catch (error) {
    await engine.stores.drop(projection, version);
    throw error;
  }
  record.progress(slot.position, 0);
  if (replaced !== null) await dropReplaced(engine, slot, replaced);
}

/** A model that reads every event weighs more than any other; what others read of the log is not known beforehand. */
function weightOf({ types }: AnyProjection): number {
  return types?.length ?? 100;
}

/** What cannot be removed now takes up room until the next start removes it; the rebuild has succeeded all the same. */
async function dropReplaced({ stores, logger }: Engine, slot: ModelSlot, version: number): Promise<void> {
  try {
    await stores.drop(slot.projection, version);
  } catch (error) {
    logger.warn({ error, projection: slot.name, version }, 'a replaced version is still there');
  }
}

async function nextVersion({ stores }: Engine, slot: ModelSlot): Promise<number> {
  // A version that is gone from its store may still be named, and open elsewhere.
  const named = (await stores.catalogue()).get(slot.name);
  const versions = await stores.versions(slot.projection);
  return Math.max(0, slot.live?.version ?? 0, slot.previous ?? 0, named?.live ?? 0, ...versions) + 1;
}

function failure(error: unknown): { readonly message: string; readonly position: Position | null } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof BuildFailed) return { message, position: error.position };
  if (!(error instanceof PoisonEvent)) return { message, position: null };
  const { position, type } = error.event;
  return { message: `event ${position} (${type}) cannot be taken in: ${message}`, position };
}
