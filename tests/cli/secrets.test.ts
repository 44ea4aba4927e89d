import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fresh, type Fresh } from './support/fresh.ts';
import { jsonOf } from './support/json.ts';

let place: Fresh;

beforeAll(() => {
  place = fresh();
});
afterAll(() => place.remove());

test(
  'the master key of a data directory is changed by the steps of the documentation',
  { timeout: 120_000 },
  async () => {
    expect(await place.spawn(['projections', 'list'])).toMatchObject({ code: 0 });
    const stored = readFileSync(join(place.dataDir, 'secrets.json'), 'utf8');
    const { masterKey: old } = jsonOf<{ masterKey: string }>(stored);
    const changed = {
      ANNALS_MASTER_KEY: 'another master key, of which there are 48 bytes',
      ANNALS_MASTER_KEY_PREVIOUS: old,
    };

    const without = await place.spawn(['secrets', 'rewrap'], { env: { ANNALS_MASTER_KEY: changed.ANNALS_MASTER_KEY } });
    expect(without.code).toBe(1);
    expect(without.error).toContain('ANNALS_MASTER_KEY is not the key');

    const rewrapped = await place.spawn(['secrets', 'rewrap'], { env: changed });
    expect(rewrapped).toMatchObject({ code: 0 });
    expect(rewrapped.out).toContain('ANNALS_MASTER_KEY_PREVIOUS is no longer needed');

    const alone = { ANNALS_MASTER_KEY: changed.ANNALS_MASTER_KEY };
    const again = await place.spawn(['secrets', 'rewrap', '--json'], { env: alone });
    expect(jsonOf(again.out)).toMatchObject({ status: 'succeeded', previousNeeded: false });
    // What it was is good for nothing now.
    expect((await place.spawn(['projections', 'list'])).code).toBe(1);
  },
);
