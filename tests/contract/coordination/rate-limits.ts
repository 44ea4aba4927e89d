import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../../src/ports/coordination.ts';
import { until } from './helpers.ts';
import type { CoordinationUnderTest } from './suite.ts';

const windowMs = 600_000;

export function rateLimitsContract(underTest: () => CoordinationUnderTest): void {
  const here = () => underTest().first.rateLimits;
  const there = () => underTest().second.rateLimits;
  const limit = (key: string, most: number, rest: Partial<RateLimit> = {}): RateLimit => ({
    key,
    limit: most,
    windowMs,
    ...rest,
  });

  describe('rate limits', () => {
    it('are one budget for all processes, and say what is left and when there is more', async () => {
      const left: number[] = [];
      for (const process of [here(), there(), here()]) {
        const { allowed, shared, states } = await process.take([limit('a', 3)]);
        expect({ allowed, shared }).toEqual({ allowed: true, shared: true });
        left.push(states[0]?.remaining ?? -1);
        expect(states[0]?.retryMs).toBe(0);
      }
      expect(left).toEqual([2, 1, 0]);
      const { allowed, states } = await there().take([limit('a', 3)]);
      expect(allowed).toBe(false);
      expect(states[0]?.remaining).toBe(0);
      expect(states[0]?.retryMs).toBeGreaterThan(windowMs / 2);
      expect(states[0]?.retryMs).toBeLessThanOrEqual(windowMs);
      expect(states[0]?.resetMs).toBe(states[0]?.retryMs);
      expect((await there().take([limit('b', 3)])).allowed).toBe(true);
    });

    it('let nothing through beyond them when many ask at the same moment', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (n % 2 ? here() : there()).take([limit('crowd', 7)])),
      );
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(7);
    });

    it('are all used or none', async () => {
      expect((await here().take([limit('wide', 5), limit('narrow', 1)])).allowed).toBe(true);
      const refused = await there().take([limit('wide', 5), limit('narrow', 1)]);
      expect(refused.allowed).toBe(false);
      expect(refused.states.map(({ remaining }) => remaining)).toEqual([4, 0]);
      expect(refused.states[0]?.retryMs).toBe(0);
      expect((await there().take([limit('wide', 5)])).states[0]?.remaining).toBe(3);
    });

    it('weigh what is asked for by its cost', async () => {
      expect((await here().take([limit('cost', 10, { cost: 7 })])).states[0]?.remaining).toBe(3);
      expect((await there().take([limit('cost', 10, { cost: 4 })])).allowed).toBe(false);
      expect((await there().take([limit('cost', 10, { cost: 3 })])).allowed).toBe(true);
      const never = await here().take([limit('dear', 10, { cost: 11 })]);
      expect({ allowed: never.allowed, retryMs: never.states[0]?.retryMs }).toEqual({
        allowed: false,
        retryMs: windowMs,
      });
    });

    it('take back once what was not used after all', async () => {
      const first = await here().take([limit('back', 2)]);
      await there().take([limit('back', 2)]);
      await first.giveBack();
      await first.giveBack();
      expect((await there().take([limit('back', 2)])).allowed).toBe(true);
      expect((await here().take([limit('back', 2)])).allowed).toBe(false);
    });

    it('are free again when their window has passed', async () => {
      const short = limit('short', 2, { windowMs: 300 });
      await here().take([short]);
      await there().take([short]);
      await until(async () => expect((await here().take([{ ...short, cost: 2 }])).allowed).toBe(true));
    });
  });
}
