import { describe, expect, it } from 'vitest';
import { ended, given, pauseProcess, until } from './helpers.ts';
import type { CoordinationUnderTest } from './suite.ts';

const LONG_MS = 60_000;

export function leasesContract(underTest: () => CoordinationUnderTest): void {
  const leases = () => underTest().first.leases;
  const others = () => underTest().second.leases;

  describe('a lease', () => {
    it('is held by one at a time, and others have other leases', async () => {
      const lease = given(await leases().acquire('relay', LONG_MS));
      expect(lease.held()).toBe(true);
      expect(lease.name).toBe('relay');
      expect(await others().acquire('relay', LONG_MS)).toBeUndefined();
      expect(await leases().acquire('relay', LONG_MS)).toBeUndefined();
      expect(await others().acquire('sealer', LONG_MS)).toBeDefined();
    });

    it('goes to one of many that ask at the same time', async () => {
      const asked = Array.from({ length: 20 }, (_, n) => (n % 2 ? leases() : others()).acquire('relay', LONG_MS));
      const got = (await Promise.all(asked)).filter((lease) => lease !== undefined);
      expect(got).toHaveLength(1);
    });

    it('is free once it is released, and is over for who released it', async () => {
      const lease = given(await leases().acquire('relay', LONG_MS));
      await lease.release();
      expect(lease.held()).toBe(false);
      expect(lease.lost.aborted).toBe(true);
      expect(await lease.renew()).toBe(false);
      expect(await others().acquire('relay', LONG_MS)).toBeDefined();
    });

    it('ends when its time has passed, for its holder no later than for the others', async () => {
      const lease = given(await leases().acquire('relay', 100));
      let next = await others().acquire('relay', LONG_MS);
      while (next === undefined) next = await others().acquire('relay', LONG_MS);
      expect(lease.held()).toBe(false);
      await ended(lease);
      expect(lease.lost.reason).toEqual(new Error(`the lease relay (epoch ${lease.epoch}) was not renewed in time`));
    });

    it('lasts as long as it is renewed', async () => {
      const ttlMs = 400;
      const lease = given(await leases().acquire('relay', ttlMs));
      const started = performance.now();
      while (performance.now() < started + 3 * ttlMs) {
        expect(await lease.renew()).toBe(true);
        expect(await others().acquire('relay', LONG_MS)).toBeUndefined();
      }
      expect(lease.held()).toBe(true);
      expect(lease.lost.aborted).toBe(false);
      await lease.release();
    });

    it('is known to be over after a pause in which no timer ran', async () => {
      const lease = given(await leases().acquire('relay', 50));
      pauseProcess(60);
      expect(lease.held()).toBe(false);
    });

    it('cannot be renewed or released by one who has lost it to another', async () => {
      const lease = given(await leases().acquire('relay', 20));
      await ended(lease);
      let next = await others().acquire('relay', LONG_MS);
      while (next === undefined) next = await others().acquire('relay', LONG_MS);
      expect(await lease.renew()).toBe(false);
      await lease.release();
      expect(next.held()).toBe(true);
      expect(await next.renew()).toBe(true);
      expect(await leases().acquire('relay', LONG_MS)).toBeUndefined();
    });

    it('has a greater epoch each time, whoever takes it and however its predecessor ended', async () => {
      const epochs: number[] = [];
      for (let turn = 0; turn < 20; turn++) {
        const from = turn % 3 === 0 ? others() : leases();
        let lease = await from.acquire('relay', turn % 2 === 0 ? 5 : LONG_MS);
        while (lease === undefined) lease = await from.acquire('relay', LONG_MS);
        epochs.push(lease.epoch);
        if (turn % 2 === 0) await ended(lease);
        else await lease.release();
      }
      expect(epochs.every(Number.isSafeInteger)).toBe(true);
      expect(epochs).toEqual([...new Set(epochs)].sort((left, right) => left - right));
    });

    it('has an epoch above the one that its asker knows of, and so have all later ones', async () => {
      const above = 2 ** 52;
      const lease = given(await leases().acquire('relay', LONG_MS, { above }));
      expect(lease.epoch).toBeGreaterThan(above);
      await lease.release();
      const next = given(await others().acquire('relay', LONG_MS));
      expect(next.epoch).toBeGreaterThan(lease.epoch);
    });

    it('tells its end once', async () => {
      const lease = given(await leases().acquire('relay', 30));
      let told = 0;
      lease.lost.addEventListener('abort', () => (told += 1));
      await until(() => expect(lease.held()).toBe(false));
      await lease.release();
      await lease.renew();
      expect(told).toBe(1);
    });
  });
}
