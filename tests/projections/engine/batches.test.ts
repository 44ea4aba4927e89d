import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../src/ports/event-store.ts';
import type { AnyRow } from '../../../src/ports/read-model.ts';
import { Projector } from '../../../src/projections/engine/projector.ts';
import { storableRow } from '../../../src/projections/folding/storable-row.ts';
import type { AnyProjection } from '../../../src/projections/projection.ts';
import { history, type Fact } from '../support/facts.ts';
import { smallProjections } from '../support/small-projections.ts';
import { createWorld, textOf, type World } from '../support/world.ts';

/** How a history is cut up: sizes of batches, and whether the projector is made anew after each. */
const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 12 }), restart: fc.boolean() }), {
  minLength: 1,
  maxLength: 20,
});

describe('the rows of a model', () => {
  it.each(smallProjections().map(({ name }, index) => ({ name, index })))(
    'are the same however events are batched and whenever the projector is restarted: $name',
    async ({ index }) => {
      const world = createWorld();
      let run = 0;
      try {
        await fc.assert(
          fc.asyncProperty(history, cuts, fc.boolean(), async (facts, plan, strict) => {
            const projection = pick(smallProjections({ broken: strict, spoilt: strict }), index);
            const events = recordedFrom(facts);
            const [together, apart] = [++run, ++run];
            const whole = await project(world, projection, together, events, [{ size: 1_000, restart: false }]);
            const pieces = await project(world, projection, apart, events, plan);
            expect(pieces).toEqual(whole);
            await world.stores.drop(projection, together);
            await world.stores.drop(projection, apart);
          }),
          { numRuns: 60 },
        );
      } finally {
        await world.dispose();
      }
    },
  );

  it('are what folding each row by itself makes of them', async () => {
    const world = createWorld();
    let version = 0;
    try {
      await fc.assert(
        fc.asyncProperty(history, cuts, async (facts, plan) => {
          const projection = pick(smallProjections(), 0);
          const events = recordedFrom(facts);
          const evolve = projection.evolve as (row: AnyRow | undefined, event: RecordedEvent) => AnyRow | undefined;
          const rows = new Map<string, AnyRow>();
          for (const event of events) {
            const id = projection.types?.includes(event.type) === true ? projection.rowId(event) : undefined;
            if (id === undefined) continue;
            const next = evolve(rows.get(id), event);
            if (next === undefined) rows.delete(id);
            else rows.set(id, storableRow(projection.model, next));
          }
          const expected = [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
          const { rows: actual } = await project(world, projection, ++version, events, plan);
          expect(actual === '' ? [] : actual.split('\n').map((line): unknown => JSON.parse(line))).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    } finally {
      await world.dispose();
    }
  });
});

function pick(projections: readonly AnyProjection[], index: number): AnyProjection {
  const projection = projections[index];
  if (projection === undefined) throw new Error('no such projection');
  return projection;
}

function recordedFrom(facts: readonly Fact[]): readonly RecordedEvent[] {
  const revisions = new Map<string, number>();
  return facts.map(({ item, type, data }, index) => {
    const revision = (revisions.get(item) ?? -1) + 1;
    revisions.set(item, revision);
    const metadata = {
      eventId: '',
      commandId: '',
      actor: '',
      tenant: '',
      correlationId: '',
      schemaVersion: '1',
      occurredAt: '',
    };
    return { position: index + 1, stream: `item-${item}`, revision, type, data, metadata };
  });
}

/** Takes a history in pieces; answers rows and dead letters. */
async function project(
  world: World,
  projection: AnyProjection,
  version: number,
  events: readonly RecordedEvent[],
  plan: readonly { readonly size: number; readonly restart: boolean }[],
): Promise<{ readonly rows: string; readonly letters: unknown }> {
  let open = await world.stores.create(projection, version);
  const make = async (): Promise<Projector> =>
    Projector.open({ projection, store: open.store, onPoison: 'park', clock: () => 0 });
  let projector = await make();
  for (let end = 0, step = 0; end < events.length; step++) {
    const { size, restart } = plan[step % plan.length] ?? { size: 1, restart: false };
    end += size;
    // What changed no row may have left the checkpoint behind a restart: it is read again.
    const batch = events.slice(0, end).filter(({ position }) => position > projector.position);
    await projector.take({ events: batch, position: Math.min(end, events.length), end: false });
    if (!restart) continue;
    await open.store.close();
    open = await world.stores.open(projection, version);
    projector = await make();
  }
  const result = { rows: await textOf(open.store), letters: await open.store.deadLetters() };
  await open.store.close();
  return result;
}
