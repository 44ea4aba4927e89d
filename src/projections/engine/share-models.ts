import type { ProjectorGroup } from '../../ports/event-bus.ts';
import type { ReadModel } from '../../ports/read-model.ts';
import type { ReadStores } from '../../ports/read-stores.ts';
import type { Engine } from './engine.ts';
import { keepModels } from './keep-models.ts';
import type { Rebuilds } from './rebuilds.ts';

/** Read stores that other processes write as well. */
export interface SharedStores {
  /** Says which models this process keeps up. */
  readonly group: ProjectorGroup;
  /** Each of the stores that can fail by itself, and the kinds of models that it holds. */
  readonly places: readonly { readonly stores: ReadStores; readonly kinds: readonly ReadModel['kind'][] }[];
}

/** Keeps the models up together with other processes, each model in one of them, until the signal aborts. */
export async function shareModels(
  engine: Engine,
  rebuilds: Rebuilds,
  { group, places }: SharedStores,
  signal: AbortSignal,
): Promise<void> {
  const slots = [...engine.slots.values()];
  let change = Promise.withResolvers<undefined>();
  const take = (): void => {
    const owned = group.owned();
    for (const slot of slots) slot.owned = owned.has(slot.name);
    change.resolve(undefined);
    change = Promise.withResolvers<undefined>();
  };
  group.onChange(take);
  take();
  await Promise.all(
    places.map(({ stores, kinds }) => {
      const here = slots.filter(({ projection }) => kinds.includes(projection.model.kind));
      return keepModels(engine, rebuilds, { stores, slots: here }, signal, () => change.promise);
    }),
  );
}
