import { describe, expect, it } from 'vitest';
import { until } from './helpers.ts';
import type { CoordinationUnderTest } from './suite.ts';

const LONG_MS = 60_000;

export function cacheContract(underTest: () => CoordinationUnderTest): void {
  const here = () => underTest().first.cache;
  const there = () => underTest().second.cache;

  describe('the shared cache', () => {
    it('answers everywhere what was set last', async () => {
      expect(await there().get('mcps?name=Grüße 你好')).toBeUndefined();
      expect(await here().set('mcps?name=Grüße 你好', 'one', LONG_MS)).toBe(true);
      expect(await here().set('mcps?name=Grüße 你好', 'Grüße\u0000 你好 🚀', LONG_MS)).toBe(true);
      expect(await there().get('mcps?name=Grüße 你好')).toBe('Grüße\u0000 你好 🚀');
      expect(await there().set('empty', '', LONG_MS)).toBe(true);
      expect(await here().get('empty')).toBe('');
    });

    it('forgets what is deleted, and what was never there', async () => {
      await here().set('a', '1', LONG_MS);
      await here().set('b', '2', LONG_MS);
      expect(await there().delete('a')).toBe(true);
      expect(await there().delete('never')).toBe(true);
      expect(await here().get('a')).toBeUndefined();
      expect(await here().get('b')).toBe('2');
    });

    it('forgets by itself when the time has passed', async () => {
      await here().set('short', '1', 30);
      await here().set('long', '2', LONG_MS);
      await until(async () => expect(await here().get('short')).toBeUndefined());
      expect(await here().get('long')).toBe('2');
    });

    it('keeps no value that is too large, nor the one that was there before', async () => {
      await here().set('a', 'old', LONG_MS);
      expect(await here().set('a', 'x'.repeat(20_000), LONG_MS)).toBe(false);
      expect(await there().get('a')).toBeUndefined();
    });

    it('holds a bounded number of values, the newest among them', async () => {
      const value = 'x'.repeat(1_000);
      for (let n = 0; n < 200; n++) await here().set(`key-${n}`, value, LONG_MS + n);
      const kept: number[] = [];
      for (let n = 0; n < 200; n++) if ((await there().get(`key-${n}`)) !== undefined) kept.push(n);
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.length).toBeLessThan(100);
      expect(kept.at(-1)).toBe(199);
    });
  });
}
