import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp } from '../http/support/app.ts';
import { fresh, type Fresh } from './support/fresh.ts';
import { jsonOf } from './support/json.ts';

let place: Fresh;
let env: Readonly<Record<string, string>>;
let record: string;
let witness: string;
let key: string;

beforeAll(async () => {
  place = fresh();
  witness = join(place.dir, 'witness');
  env = { ANNALS_AUDIT_WITNESS: `dir:${witness}`, ANNALS_AUDIT_SEAL_EVENTS: '4' };
  const app = await startTestApp({ env: { ...env, ANNALS_DATA_DIR: place.dataDir } });
  await app.newUser(['auditor']);
  await app.request('POST', '/api/v1/audit/verify');
  const { body } = await app.request('GET', '/api/v1/audit/checkpoints');
  key = (body as { sealing: { publicKey: string } }).sealing.publicKey;
  await app.close();
  record = join(place.dir, 'record.sealed');
  expect(await place.run(['audit', 'export', record], env)).toEqual({ code: 0, out: '', error: '' });
}, 60_000);
afterAll(() => place.remove());

describe('annals audit verify', () => {
  test('says that a record holds, and that nothing but the file vouches for its key', async () => {
    const { code, out } = await place.run(['audit', 'verify', record]);
    expect(code).toBe(0);
    expect(out).toMatch(/^All \d+ events of annals\/[0-9a-f]{32}, up to position \d+, are as they were sealed\.$/m);
    expect(out).toContain('nothing else vouches for it');
  });

  test('takes the key and the witness that it is given', async () => {
    const pinned = await place.run(['audit', 'verify', record, '--public-key', key, '--checkpoint', witness]);
    expect(pinned).toMatchObject({ code: 0, out: expect.stringMatching(/The same at the witness: \d+\./) as string });
    expect(pinned.out).not.toContain('vouches');
    const file = join(place.dir, 'key.txt');
    writeFileSync(file, `${key}\n`);
    expect(await place.run(['audit', 'verify', record, '--public-key', file])).toMatchObject({ code: 0 });
  });

  test('knows a record that ends before a checkpoint that was kept elsewhere', async () => {
    const app = await startTestApp({ env: { ...env, ANNALS_DATA_DIR: place.dataDir } });
    await app.close();
    expect(await place.run(['audit', 'verify', record])).toMatchObject({ code: 0 });
    const { code, out } = await place.run(['audit', 'verify', record, '--checkpoint', witness, '--json']);
    expect(code).toBe(1);
    expect(jsonOf<object>(out)).toMatchObject({ ok: false, firstBad: { fault: 'truncated' } });
  });

  test.each([
    ['a key that is none', ['--public-key', 'nonsense']],
    ['a witness that is not there', ['--checkpoint', '/nowhere/at/all']],
  ])('refuses %s as wrong usage', async (_what, options) => {
    expect(await place.run(['audit', 'verify', record, ...options])).toMatchObject({ code: 2 });
  });

  test('fails on a file that is no record, and says so', async () => {
    const other = join(place.dir, 'other');
    writeFileSync(other, 'something else altogether, longer than the first line');
    const { code, out } = await place.run(['audit', 'verify', other]);
    expect([code, out]).toEqual([1, expect.stringContaining('this is no audit export')]);
  });
});

test('annals audit export with a filter writes those events, each with its proof', async () => {
  const part = join(place.dir, 'part.sealed');
  expect(await place.run(['audit', 'export', part, '--action', 'UserRegistered'], env)).toMatchObject({ code: 0 });
  const { code, out } = await place.run(['audit', 'verify', part, '--public-key', key, '--json']);
  expect([code, jsonOf<object>(out)]).toMatchObject([0, { ok: true, kind: 'selection', events: 2 }]);
});

test('annals audit export writes the sealed record to a file only', async () => {
  expect(await place.run(['audit', 'export', '--format', 'sealed'], env)).toMatchObject({ code: 2 });
});
