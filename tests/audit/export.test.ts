import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publicBytes } from '../../src/audit/note.ts';
import { verifyExport } from '../../src/audit/verify/verify-export.ts';
import { logOf, newWorld, pieces, publicKey, record, type World } from './sealed-world.ts';

let world: World;

beforeEach(async () => {
  world = newWorld(logOf(11));
  await world.sealer().advance({ now: true });
});
afterEach(() => world.dispose());

describe('an export of the whole log', () => {
  test.each([1, 7, 1_000, 1_000_000])('holds when it is read in pieces of %i bytes', async (size) => {
    expect(await verifyExport(pieces(await world.whole(), size))).toMatchObject({
      ok: true,
      kind: 'whole',
      events: 11,
      checkpoints: 3,
      position: 11,
      firstBad: null,
    });
  });

  test('is found out for any bit of it that is turned, at a position that is in the log', async () => {
    const file = await world.whole();
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const damaged = Buffer.from(file);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        const { ok, firstBad } = await verifyExport(pieces(damaged));
        expect(ok).toBe(false);
        expect(firstBad?.position).toBeGreaterThanOrEqual(0);
        expect(firstBad?.position).toBeLessThanOrEqual(12);
      }),
      { numRuns: 500 },
    );
  });

  test('is found out for a position that no log can have', async () => {
    const file = await world.whole();
    for (let position = 1; position <= 11; position++) {
      const damaged = Buffer.from(file);
      // The first byte of the position, eight bytes of which stand before the time and the stream.
      const at = damaged.indexOf(`mcp-${position}`) - 4 - 8 - 8 - 8;
      expect(damaged.readBigInt64BE(at)).toBe(BigInt(position));
      damaged[at] = 0x80;
      const { firstBad } = await verifyExport(pieces(damaged));
      expect(firstBad?.position).toBe(position);
    }
  });

  test('names the very event in whose bytes a bit was turned', async () => {
    const file = await world.whole();
    for (let position = 1; position <= 11; position++) {
      const damaged = Buffer.from(file);
      const at = damaged.indexOf(`event ${position}"`);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      const { firstBad } = await verifyExport(pieces(damaged));
      expect(firstBad).toEqual({ position, fault: 'changed', detail: expect.any(String) as string });
    }
  });

  test('tells a damaged list of hashes from a damaged event', async () => {
    const file = await world.whole();
    const sixth = world.segments.get(2)?.entries.subarray(40 + 8, 40 + 40) ?? new Uint8Array();
    const at = file.indexOf(sixth);
    file[at] = (file[at] ?? 0) ^ 1;
    const { firstBad } = await verifyExport(pieces(file));
    expect(firstBad).toMatchObject({ position: 6, fault: 'sealed_list' });
  });

  test('is found out wherever it is cut off', async () => {
    const file = await world.whole();
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), async (length) => {
        expect(await verifyExport(pieces(file.subarray(0, length)))).toMatchObject({ ok: false });
      }),
    );
  });

  test('is found out when something is added to its end', async () => {
    const longer = Buffer.concat([await world.whole(), Buffer.from([0, 0, 0, 1, 0])]);
    expect(await verifyExport(pieces(longer))).toMatchObject({ ok: false, firstBad: { fault: 'file' } });
  });

  test('holds only for the key that signed it', async () => {
    const { key } = await verifyExport(pieces(await world.whole()));
    const name = key?.split('+')[0] ?? '';
    const own = { name, bytes: publicKey };
    expect(await verifyExport(pieces(await world.whole()), { trusted: own })).toMatchObject({ ok: true });
    const other = { name, bytes: publicBytes(generateKeyPairSync('ed25519').privateKey) };
    expect(await verifyExport(pieces(await world.whole()), { trusted: other })).toMatchObject({
      ok: false,
      firstBad: { position: 1, fault: 'checkpoint' },
    });
    expect(
      await verifyExport(pieces(await world.whole()), { trusted: { ...own, name: 'annals/other' } }),
    ).toMatchObject({ ok: false });
  });

  test('of nothing holds', async () => {
    const empty = newWorld(logOf(0));
    await empty.sealer().advance({ now: true });
    expect(await verifyExport(pieces(await empty.whole()))).toMatchObject({ ok: true, origin: null, events: 0 });
    empty.dispose();
  });
});

describe('a log with gaps between positions', () => {
  type Attack = readonly [string, (records: ReturnType<typeof record>[]) => unknown, string, number];
  test.each<Attack>([
    ['an event between two', (records) => records.splice(5, 0, record(55)), 'inserted', 55],
    ['an event after the last of a segment', (records) => records.splice(4, 0, record(41)), 'inserted', 41],
    ['one event less', (records) => records.splice(5, 1), 'deleted', 60],
    ['the last of a segment less', (records) => records.splice(7, 1), 'deleted', 80],
    ['a whole segment less', (records) => records.splice(4, 4), 'deleted', 50],
    ['another event in its place', (records) => records.splice(5, 1, record(60, 'forged')), 'changed', 60],
    [
      'an event moved further on',
      (records) => records.splice(5, 2, record(70, 'event 70'), { ...record(60), position: 75 }),
      'reordered',
      60,
    ],
    ['the end cut off', (records) => records.splice(8), 'truncated', 90],
    ['everything cut off', (records) => records.splice(0), 'truncated', 10],
  ])('%s', async (_what, attack, fault, position) => {
    const sparse = newWorld(logOf(11, 10));
    await sparse.sealer().advance({ now: true });
    expect(await verifyExport(pieces(await sparse.whole()))).toMatchObject({ ok: true });
    attack(sparse.log.records);
    expect((await verifyExport(pieces(await sparse.whole()))).firstBad).toMatchObject({ position, fault });
    sparse.dispose();
  });
});

describe('an export of chosen events', () => {
  test('proves each of them', async () => {
    expect(await verifyExport(pieces(await world.selection(2, 5, 11)))).toMatchObject({
      ok: true,
      kind: 'selection',
      events: 3,
      position: 11,
    });
  });

  test('is found out for any bit of it that is turned', async () => {
    const file = await world.selection(3, 8);
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const damaged = Buffer.from(file);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        expect(await verifyExport(pieces(damaged))).toMatchObject({ ok: false });
      }),
      { numRuns: 300 },
    );
  });

  test('names an event that was changed after it was sealed', async () => {
    world.log.records[7] = record(8, 'forged');
    expect(await verifyExport(pieces(await world.selection(3, 8)))).toMatchObject({
      ok: false,
      firstBad: { position: 8, fault: 'changed' },
    });
  });

  test('of a log of thousands proves its first, middle and last', async () => {
    const large = newWorld(logOf(3_000));
    await large.sealer({ eventsPerCheckpoint: 700 }).advance({ now: true });
    expect(await verifyExport(pieces(await large.selection(1, 1024, 1025, 2_047, 3_000)))).toMatchObject({
      ok: true,
      events: 5,
    });
    large.dispose();
  });
});
