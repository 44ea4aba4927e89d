import { expect, test } from 'vitest';
import { onEveryEngine } from './support/every-engine.ts';
import { expectWhole } from './support/whole.ts';

/** How often another projector comes, and goes again. */
const ROUNDS = 3;

onEveryEngine('mariadb', ({ platform }) => {
  test('shares its models out anew while they are written, as projectors come, leave and are killed', async () => {
    const loads = [await platform().load(), await platform().load(), await platform().load()];
    const [first] = loads;
    if (first === undefined) throw new TypeError('there is a load');
    for (let round = 0; round < ROUNDS; round++) {
      const other = await platform().start('projector');
      await first.goesOn(5);
      if (round % 2 === 0) expect(await other.stop()).toBe(0);
      else await other.kill();
      await first.goesOn(5);
    }
    for (const load of loads.slice(1)) {
      await load.end();
      expect(load.wrong).toEqual([]);
    }
    await expectWhole(platform(), first);
  }, 300_000);
});
