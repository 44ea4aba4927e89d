import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import type { ProjectionStatus } from '../../../src/ports/projection-control.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { added, record } from '../support/facts.ts';
import { faultyStores } from '../support/faulty-stores.ts';
import { createWorld, until, type World } from '../support/world.ts';

interface Tables {
  tallies: { id: string; total: number };
}

describe('read stores that cannot be written', () => {
  let world: World;
  let mounted: string | undefined;

  beforeEach(() => {
    world = createWorld();
  });
  afterEach(async () => {
    await world.stop();
    if (mounted !== undefined) execFileSync('umount', ['--lazy', mounted]);
    mounted = undefined;
    await world.dispose();
  });

  const status = (): Promise<ProjectionStatus> => world.side.control.status('tallies');
  const totals = async (): Promise<Record<string, number>> => {
    const rows = await world.side.models.relational<Tables>('tallies').selectFrom('tallies').selectAll().execute();
    return Object.fromEntries(rows.map(({ id, total }) => [id, total]));
  };

  /** What is true of an outage however it comes about. */
  async function expectWaitingAndHealing(reason: RegExp, breakIt: () => void, mendIt: () => void): Promise<void> {
    const first = await record(world.store, [added('a', 1)]);
    await world.side.models.waitFor('tallies', first, 5_000);
    breakIt();
    const position = await record(world.store, [added('a', 2), added('b', 3)]);
    expect(await world.side.models.waitFor('tallies', position, 20)).toBe(first);
    await until(async () => (await status()).status === 'stopped');
    expect((await status()).error).toMatch(reason);
    expect(await status()).toMatchObject({ position: first, lag: 2, deadLetters: 0 });
    expect(await totals()).toEqual({ a: 1 });
    mendIt();
    await until(async () => (await status()).status === 'live' && (await status()).lag === 0);
    expect(await status()).not.toHaveProperty('error');
    expect(await totals()).toEqual({ a: 5, b: 3 });
  }

  /** A small file system of its own for the read models. */
  function mountOrSkip(context: TestContext, options: string): string {
    const dir = join(world.dir, 'read');
    mkdirSync(dir, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stdio: 'pipe' });
    } catch (error) {
      context.skip(`mounting a file system is not permitted here: ${String(error)}`);
    }
    mounted = dir;
    return dir;
  }

  it('because another process holds their lock: wait, and heal by themselves', async () => {
    await (
      await world.start()
    ).ready;
    const other = new DatabaseSync(join(world.dir, 'read', 'tallies.v1.sqlite'));
    await expectWaitingAndHealing(
      /another process holds its lock/,
      () => other.exec('BEGIN IMMEDIATE'),
      () => other.exec('ROLLBACK'),
    );
    other.close();
  });

  it('because the disk is full: wait, and heal by themselves', async (context) => {
    const dir = mountOrSkip(context, 'size=2m');
    await (
      await world.start()
    ).ready;
    const filler = join(dir, 'filler');
    await expectWaitingAndHealing(
      /the disk is full/,
      () => {
        const { bavail, bsize } = statfsSync(dir);
        writeFileSync(filler, Buffer.alloc(bavail * bsize));
      },
      () => rmSync(filler),
    );
  });

  it('because their file may no longer be written: wait, and heal by themselves', async (context) => {
    await (
      await world.start()
    ).ready;
    const log = join(world.dir, 'read', 'tallies.v1.sqlite-wal');
    // Refuses even those who have the file open, the administrator included.
    const freeze = (flag: '+i' | '-i'): unknown => execFileSync('chattr', [flag, log], { stdio: 'pipe' });
    try {
      freeze('+i');
      freeze('-i');
    } catch (error) {
      context.skip(`files cannot be frozen here: ${String(error)}`);
    }
    try {
      await expectWaitingAndHealing(
        /the disk reports an I\/O error|it is read-only/,
        () => freeze('+i'),
        () => freeze('-i'),
      );
    } finally {
      freeze('-i');
    }
  });

  it('fail a rebuild, and leave the live model as it was', async () => {
    let full = false;
    const stores = faultyStores(world.stores, (step) => {
      if (full && step === 'publish') throw new StoreUnavailable('the disk is full');
    });
    const { control, models } = await world.start({ stores });
    const position = await record(world.store, [added('a', 1)]);
    await models.waitFor('tallies', position, 5_000);
    full = true;
    await control.rebuild('tallies', 'full');
    await until(async () => (await control.rebuildStatus('tallies', 'full')).status !== 'running');
    expect(await control.rebuildStatus('tallies', 'full')).toMatchObject({
      status: 'failed',
      error: 'the disk is full',
      errorPosition: null,
    });
    full = false;
    const later = await record(world.store, [added('a', 2)]);
    expect(await models.waitFor('tallies', later, 5_000)).toBe(later);
    expect(await status()).toMatchObject({ version: 1, previousVersion: null, status: 'live' });
    await control.rebuild('tallies', 'again');
    await until(async () => (await control.rebuildStatus('tallies', 'again')).status === 'succeeded');
    expect(await totals()).toEqual({ a: 5 });
  });

  it('are tried ever less often', async () => {
    let tries = 0;
    let broken = false;
    const stores = faultyStores(world.stores, (step) => {
      if (!broken || step !== 'apply') return;
      tries++;
      throw new StoreUnavailable('not now');
    });
    const { models } = await world.start({ stores });
    broken = true;
    const position = await record(world.store, [added('a', 1)]);
    for (let n = 0; n < 30; n++) await models.waitFor('tallies', position, 10);
    // Three models, each tried at 0, 100 and 300 ms, and not each time that somebody asks.
    expect(tries).toBeLessThan(15);
    broken = false;
    expect(await models.waitFor('tallies', position, 10_000)).toBe(position);
  });
});
