import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPace } from '../../../src/projections/engine/pace.ts';
import { Projector } from '../../../src/projections/engine/projector.ts';
import { retryDeadLetters } from '../../../src/projections/engine/retry-dead-letters.ts';
import { added, broken, record, unrelated } from '../support/facts.ts';
import { smallProjections } from '../support/small-projections.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.dispose());

const tallies = (isBroken: boolean) => {
  const [projection] = smallProjections({ broken: isBroken });
  if (projection === undefined) throw new Error('no projection');
  return projection;
};

it('the position of the last change stands still for events of others, and moves for events taken in late', async () => {
  const { store } = await world.stores.create(tallies(true), 1);
  const open = (isBroken: boolean) =>
    Projector.open({ projection: tallies(isBroken), store, onPoison: 'park', clock: Date.now, recordsAll: true });
  const rest = async (after: number) => world.store.readAll({ after, limit: 1_000 });
  const keeper = await open(true);
  const onlooker = await open(true);

  await record(world.store, [added('a', 1), broken('b')]);
  const changed = await record(world.store, [added('b', 5)]);
  const head = await record(world.store, [unrelated('c'), unrelated('c')]);
  await keeper.take(await rest(0));
  await keeper.take(await rest(keeper.position));
  await onlooker.look(await rest(0));
  const after = keeper.changedAt;
  expect(after).toBeGreaterThanOrEqual(changed);
  await record(world.store, [unrelated('c')]);
  await keeper.take(await rest(keeper.position));
  await onlooker.look(await rest(onlooker.position));
  expect([keeper.position, onlooker.position]).toEqual([head + 1, head + 1]);
  expect([keeper.changedAt, onlooker.changedAt]).toEqual([after, after]);

  const mended = await open(false);
  expect(await retryDeadLetters(mended, store, world.store, createPace())).toMatchObject({ left: 0 });
  const [seen] = (await rest(0)).events;
  if (seen === undefined) throw new Error('the log is empty');
  const { metadata } = seen;
  const retried = { type: 'DeadLettersRetried', data: {}, metadata: { ...metadata, eventId: crypto.randomUUID() } };
  const { position } = await world.store.append('projection-tallies', -1, [retried]);
  await mended.take(await rest(mended.position));
  await onlooker.look(await rest(onlooker.position));
  expect([mended.changedAt, onlooker.changedAt]).toEqual([position, position]);
  expect(await store.deadLetters()).toEqual([]);
  await store.close();
});
