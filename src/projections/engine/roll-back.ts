import { DomainError } from '../../domain/error.ts';
import type { Engine } from './engine.ts';
import { makeLive } from './make-live.ts';
import type { ModelSlot } from './model-slot.ts';

/** Events that the serving thread catches up by itself; more are left to another thread. */
const FEW_EVENTS = 5_000;

/**
 * Makes the version before the live one live again, after it has caught up. The one that was live takes its place, so
 * that the way back has a way back.
 * @throws DomainError `no_previous_version`, `rebuild_running`; BuildFailed, StoreUnavailable, ModelUnusable: nothing
 * has changed for anybody
 */
export async function rollBack(engine: Engine, slot: ModelSlot): Promise<void> {
  const { live, previous: version } = slot;
  if (slot.work !== undefined) {
    throw new DomainError('conflict', 'rebuild_running', `the versions of ${slot.name} are being worked on`);
  }
  if (version === null || live === undefined) {
    throw new DomainError('conflict', 'no_previous_version', `${slot.name} has no version to go back to`);
  }
  slot.work = 'rolling_back';
  try {
    const first = await engine.stores.open(slot.projection, version);
    const behind = (await engine.store.head()) - (await first.store.checkpoint());
    let open = first;
    if (behind > FEW_EVENTS) {
      await first.store.close();
      const task = { projection: slot.name, version, from: 'checkpoint', onPoison: 'park' } as const;
      await engine.threads.run(task, 1, () => undefined);
      open = await engine.stores.open(slot.projection, version);
    }
    try {
      await makeLive(engine, slot, { version, previous: live.version, open, onPoison: 'park' });
    } catch (error) {
      await open.store.close();
      throw error;
    }
  } finally {
    slot.work = undefined;
  }
}
