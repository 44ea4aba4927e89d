import { DomainError } from '../../domain/error.ts';
import type { Position } from '../../ports/event-store.ts';
import type { ProjectionControl, ProjectionStatus } from '../../ports/projection-control.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import type { Engine } from './engine.ts';
import { eventsBeyond } from './events-beyond.ts';
import type { LiveProjection } from './live-projection.ts';
import type { ModelSlot } from './model-slot.ts';
import { createPace } from './pace.ts';
import type { Rebuilds } from './rebuilds.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';
import { rollBack } from './roll-back.ts';

/** Behind by no more than what arrives while news are gathered. */
const NEAR_THE_HEAD = 1_000;

/** What an operator sees of the read models and may do to them. */
export function createControl(engine: Engine, rebuilds: Rebuilds): ProjectionControl {
  function slotOf(name: string): ModelSlot {
    const slot = engine.slots.get(name);
    if (slot === undefined) {
      throw new DomainError('not_found', 'projection_not_found', `there is no projection ${name}`);
    }
    return slot;
  }

  function liveOf(slot: ModelSlot): LiveProjection {
    if (slot.live === undefined) throw new StoreUnavailable(`the read model ${slot.name} is being built from the log`);
    return slot.live;
  }

  return {
    async list() {
      const head = await engine.store.head();
      return Promise.all([...engine.slots.values()].map((slot) => statusOf(engine, slot, head)));
    },
    status: async (name) => statusOf(engine, slotOf(name), await engine.store.head()),
    rebuild: async (name, rebuildId) => rebuilds.start(slotOf(name), rebuildId),
    rebuildStatus: async (name, rebuildId) => rebuilds.status(slotOf(name), rebuildId),
    async rollBack(name) {
      const slot = slotOf(name);
      await rollBack(engine, slot);
      return statusOf(engine, slot, await engine.store.head());
    },
    deadLetters: async (name) => liveOf(slotOf(name)).open.store.deadLetters(),
    async retryDeadLetters(name, stream) {
      const { exclusive, projector, open } = bound(liveOf(slotOf(name)));
      return exclusive(async () => {
        // Another process may have parked since.
        if (engine.shared) await projector.reload();
        return retryDeadLetters(projector, open.store, engine.store, createPace(), stream);
      });
    },
    onRebuildChange: (listener) => rebuilds.onChange(listener),
  };
}

function bound(live: LiveProjection): Pick<LiveProjection, 'exclusive' | 'projector' | 'open'> {
  return { exclusive: (work) => live.exclusive(work), projector: live.projector, open: live.open };
}

async function statusOf(engine: Engine, slot: ModelSlot, head: Position): Promise<ProjectionStatus> {
  const { live, position } = slot;
  const lag = await eventsBeyond(engine.store, position, head);
  const error = live?.error ?? slot.buildError;
  return {
    name: slot.name,
    store: slot.projection.model.kind,
    version: live?.version ?? 0,
    previousVersion: slot.previous,
    position,
    lag,
    status: conditionOf(slot, lag, error),
    deadLetters: live?.projector.deadLetters ?? 0,
    ...(error !== undefined && { error }),
  };
}

function conditionOf(slot: ModelSlot, lag: number, error: string | undefined): ProjectionStatus['status'] {
  if (slot.work === 'building' || slot.work === 'rebuilding') return 'rebuilding';
  if (error !== undefined || slot.live === undefined) return 'stopped';
  return lag > NEAR_THE_HEAD ? 'catching_up' : 'live';
}
