import type { ReadModels } from '../../ports/read-models.ts';
import type { ModelReader } from '../../ports/read-stores.ts';
import type { ModelSlot } from './model-slot.ts';

/** The read models as queries know them: whichever version is live at the moment of asking. */
export function createReadModels(slots: ReadonlyMap<string, ModelSlot>): ReadModels {
  function slotOf(name: string): ModelSlot {
    const slot = slots.get(name);
    if (slot === undefined) throw new TypeError(`there is no read model ${name}`);
    return slot;
  }

  function reader<Kind extends ModelReader['kind']>(name: string, kind: Kind): Extract<ModelReader, { kind: Kind }> {
    const { reader: found } = slotOf(name).open();
    if (!isOfKind(found, kind)) throw new TypeError(`the read model ${name} is ${found.kind}, not ${kind}`);
    return found;
  }

  return {
    relational: <Database>(name: string) => reader(name, 'relational').db<Database>(),
    document: async (name, id) => reader(name, 'documents').get(id),
    documents: async (name, query) => reader(name, 'documents').find(query),
    search: async (name, query) => reader(name, 'search').search(query),
    position: (name) => slotOf(name).position,
    state(name) {
      const { live, projection } = slotOf(name);
      if (live === undefined || live.projector.deadLetters > 0) return undefined;
      const { schemaVersion } = projection;
      const isRemote = live.open.store.isRemote === true;
      return { version: live.version, schemaVersion, changedAt: live.projector.changedAt, isRemote };
    },
    async waitFor(name, position, timeoutMs) {
      const slot = slotOf(name);
      if (slot.position >= position || timeoutMs <= 0) return slot.position;
      const reached = slot.waiters.wait(position, timeoutMs);
      // It never fails: what goes wrong is kept as the projection's error, and the wait ends by its time.
      void slot.live?.run(position);
      await reached;
      return slot.position;
    },
  };
}

function isOfKind<Kind extends ModelReader['kind']>(
  reader: ModelReader,
  kind: Kind,
): reader is Extract<ModelReader, { kind: Kind }> {
  return reader.kind === kind;
}
