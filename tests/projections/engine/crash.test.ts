import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Projector } from '../../../src/projections/engine/projector.ts';
import { openReadSide, type ReadSide } from '../../../src/projections/engine/read-side.ts';
import type { AnyProjection } from '../../../src/projections/projection.ts';
import { added, named, record, unrelated, type Fact } from '../support/facts.ts';
import { Crashed, crashAt, faultyStores } from '../support/faulty-stores.ts';
import { smallProjections } from '../support/small-projections.ts';
import { silent } from '../../support/silent-logger.ts';
import { contentOf, createWorld, textOf, until, type World } from '../support/world.ts';

const models = smallProjections().map(({ name }) => name);

describe('a process that is killed', () => {
  let world: World;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(() => world.dispose());

  const facts: readonly Fact[] = Array.from({ length: 60 }, (_, index) =>
    index % 7 === 0
      ? unrelated(`i${index % 9}`)
      : index % 3 === 0
        ? named(`i${index % 9}`, `n${index}`)
        : added(`i${index % 9}`, index),
  );

  /** Starts again, as after a crash, and expects every model to be live and right. */
  async function expectRecovery(): Promise<void> {
    const side = await world.start();
    await side.ready;
    const position = await record(world.store, [added('after', 1), named('after', 'x')]);
    for (const name of models) expect(await side.models.waitFor(name, position, 10_000)).toBe(position);
    const statuses = await side.control.list();
    for (const status of statuses) expect(status).toMatchObject({ status: 'live', lag: 0, deadLetters: 0 });
    await world.stop();
    for (const projection of smallProjections()) {
      const status = statuses.find(({ name }) => name === projection.name);
      const kept = [status?.previousVersion, status?.version].filter((version) => version !== null);
      expect(await world.stores.versions(projection)).toEqual(kept.sort());
      expect(await contentOf(world.stores, projection, status?.version ?? 0)).toBe(await freshContent(projection));
    }
  }

  /** The content of a version that took in the whole log in one go. */
  async function freshContent(projection: AnyProjection): Promise<string> {
    const version = 1_000;
    const { store } = await world.stores.create(projection, version);
    const projector = await Projector.open({ projection, store, onPoison: 'stop', clock: () => 0 });
    await projector.take(await world.store.readAll({ after: 0, limit: 100_000 }));
    const content = await textOf(store);
    await store.close();
    await world.stores.drop(projection, version);
    return content;
  }

  /** Runs work on a read side whose stores die at a step. Answers the step, undefined when the work was done before. */
  async function dying(step: number, work: (side: ReadSide) => Promise<void>): Promise<string | undefined> {
    const crash = crashAt(step);
    const stores = faultyStores(world.stores, crash.before);
    try {
      const side = await world.start({ stores });
      try {
        await work(side);
      } finally {
        // Nothing of this reaches the disk once the stores are dead.
        await world.stop();
      }
    } catch (error) {
      if (!(error instanceof Crashed)) throw error;
    }
    return crash.crashed();
  }

  it('at any step of starting, projecting and stopping finds its models right afterwards', async () => {
    await record(world.store, facts.slice(0, 30));
    const steps: string[] = [];
    for (let step = 0; ; step++) {
      const crashed = await dying(step, async (side) => {
        const position = await record(world.store, [added('more', step)]);
        await Promise.race([
          Promise.all(models.map((name) => side.models.waitFor(name, position, 10_000))),
          until(async () => (await side.control.list()).some(({ error }) => error !== undefined)),
        ]);
      });
      if (crashed === undefined) break;
      steps.push(crashed);
      await expectRecovery();
    }
    expect(new Set(steps)).toEqual(
      new Set(['catalogue', 'versions', 'open', 'checkpoint', 'deadLetters', 'load', 'apply']),
    );
  }, 60_000);

  it('at any step of making its first models finds them right afterwards', async () => {
    await record(world.store, facts.slice(0, 30));
    const steps: string[] = [];
    for (let step = 0; ; step++) {
      const crashed = await dying(step, async (side) => {
        await Promise.race([
          side.ready,
          until(async () => (await side.control.list()).some(({ error }) => error !== undefined)),
        ]);
      });
      if (crashed === undefined) break;
      steps.push(crashed);
      await expectRecovery();
      await world.dispose();
      world = createWorld();
      await record(world.store, facts.slice(0, 30));
    }
    expect(steps).toContain('create');
    expect(steps).toContain('publish');
  }, 60_000);

  it('at any step of a rebuild, a switch or a roll-back finds one version live and no half-built one', async () => {
    await record(world.store, facts);
    await (
      await world.start()
    ).ready;
    // With a version before the live one, so that there is one to drop.
    await world.side.control.rebuild('tallies', 'first');
    await until(async () => (await world.side.control.rebuildStatus('tallies', 'first')).status === 'succeeded');
    const steps: string[] = [];
    for (let step = 0; ; step++) {
      const crashed = await dying(step, async ({ control }) => {
        const { id } = await control.rebuild('tallies', 'r');
        const status = async (): Promise<string> => (await control.rebuildStatus('tallies', id)).status;
        await until(async () => (await status()) !== 'running');
        if ((await status()) === 'succeeded') await control.rollBack('tallies');
      });
      if (crashed === undefined) break;
      steps.push(crashed);
      await expectRecovery();
    }
    expect(steps.filter((step) => step === 'publish')).toHaveLength(2);
    expect(steps).toContain('drop');
    expect(steps).toContain('open');
  }, 120_000);

  it('at any moment of a rebuild in its thread finds the live models live', async () => {
    await record(
      world.store,
      Array.from({ length: 3_000 }, (_, index) => added(`i${index % 40}`, index)).sort((a, b) =>
        a.item < b.item ? -1 : 1,
      ),
    );
    await (
      await world.start()
    ).ready;
    await world.stop();
    for (let round = 0; round < 6; round++) {
      const child = spawn(
        process.execPath,
        [new URL('../support/rebuild-child.ts', import.meta.url).pathname, world.dir],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, round * 70));
      child.kill('SIGKILL');
      await exited;
      await expectRecovery();
    }
  }, 120_000);
});

describe('a read side that cannot be opened', () => {
  it('says so, and can be opened later', async () => {
    const world = createWorld();
    try {
      const stores = faultyStores(world.stores, () => {
        throw new Crashed('no');
      });
      const options = { store: world.store, projections: smallProjections(), logger: silent };
      const rebuild = {
        module: new URL('../support/small-parts.ts', import.meta.url).href,
        settings: { dir: world.dir },
      };
      await expect(openReadSide({ ...options, stores, rebuild })).rejects.toThrow(Crashed);
      await (
        await world.start()
      ).ready;
    } finally {
      await world.dispose();
    }
  });
});
