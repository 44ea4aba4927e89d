import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { verifyExport } from '../../src/audit/verify/verify-export.ts';
import { openDirectoryWitness } from '../../src/infrastructure/audit/directory-witness.ts';
import { openFileWitness } from '../../src/infrastructure/audit/file-witness.ts';
import { openStdoutWitness } from '../../src/infrastructure/audit/stdout-witness.ts';
import type { Witness } from '../../src/ports/audit-record.ts';
import { logOf, newWorld, pieces, record, type World } from './sealed-world.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'annals-witness-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function worldWith(count: number, witness?: Witness): World {
  const world = newWorld(logOf(count), witness);
  onTestFinished(() => world.dispose());
  return world;
}

describe('a sealer', () => {
  test('makes a checkpoint when enough events wait, when one has waited long enough, or when it is told to', async () => {
    const { log, segments, ...world } = worldWith(9);
    let now = 0;
    const sealer = world.sealer({ clock: () => now });
    await sealer.advance();
    expect([segments.last()?.size, sealer.waiting]).toEqual([8, 1]);
    now = 59_999;
    await sealer.advance();
    expect(segments.last()?.size).toBe(8);
    now = 60_000;
    await sealer.advance();
    expect([segments.last()?.size, sealer.waiting]).toEqual([9, 0]);
    log.add(1);
    await sealer.advance({ now: true });
    expect(segments.last()?.size).toBe(10);
    await sealer.advance({ now: true });
    expect(segments.last()?.sequence).toBe(4);
  });

  test('goes on after a restart where it was, and what was not sealed yet is taken in again', async () => {
    const world = worldWith(6);
    await world.sealer().advance();
    world.log.add(5);
    await world.sealer().advance({ now: true });
    expect(await verifyExport(pieces(await world.whole()))).toMatchObject({ ok: true, events: 11, checkpoints: 3 });
  });

  test.each([
    ['events that it sealed are gone', (world: World) => world.log.records.splice(6), 8],
    ['the last event that it sealed is another', (world: World) => world.log.records.splice(7, 1, record(8, 'x')), 8],
  ])('stops when %s, and says so', async (_what, tamper, position) => {
    const world = worldWith(8);
    await world.sealer().advance({ now: true });
    tamper(world);
    const sealer = world.sealer();
    await sealer.advance({ now: true });
    expect(sealer.broken).toMatchObject({ position });
    world.log.records.push(record(100), record(101), record(102), record(103));
    await sealer.advance({ now: true });
    expect(world.segments.last()?.position).toBe(8);
  });
});

describe.each([
  ['a directory', () => openDirectoryWitness(join(dir, 'witness'))],
  ['a file', () => openFileWitness(join(dir, 'witness.jsonl'))],
])('with %s as witness', (_kind, open) => {
  test('what was sealed is made anew from the log when it is lost, and is the same', async () => {
    const world = worldWith(11, open());
    await world.sealer().advance({ now: true });
    const lost = world.forget();
    const sealer = world.sealer({ segments: lost, witness: open() });
    await sealer.advance({ now: true });
    expect(sealer.broken).toBeUndefined();
    expect([1, 2, 3, 4].map((sequence) => lost.get(sequence))).toEqual(
      [1, 2, 3, 4].map((sequence) => world.segments.get(sequence)),
    );
  });

  test('a log that was changed is not sealed anew when what was sealed is lost', async () => {
    const world = worldWith(11, open());
    await world.sealer().advance({ now: true });
    world.log.records[5] = record(6, 'forged');
    const lost = world.forget();
    const sealer = world.sealer({ segments: lost, witness: open() });
    await sealer.advance({ now: true });
    expect(sealer.broken).toEqual({ position: 5, detail: 'the log is not what checkpoint 2 of the witness seals' });
    expect(lost.last()?.sequence).toBe(1);
  });

  test('a log that was cut off together with what was sealed is found out', async () => {
    const world = worldWith(11, open());
    await world.sealer().advance({ now: true });
    const rolledBack = world.forget();
    for (const sequence of [1, 2]) {
      const segment = world.segments.get(sequence);
      if (segment !== undefined) rolledBack.add(segment);
    }
    world.log.records.splice(8);
    const sealer = world.sealer({ segments: rolledBack, witness: open() });
    await sealer.advance({ now: true });
    expect(sealer.broken).toMatchObject({ position: 9 });
  });

  test('an export that was cut off at a checkpoint is found out against it alone', async () => {
    const world = worldWith(8, open());
    await world.sealer().advance({ now: true });
    const early = await world.whole();
    world.log.add(3);
    await world.sealer().advance({ now: true });
    expect(await verifyExport(pieces(early))).toMatchObject({ ok: true });
    const { last, read } = open();
    if (last === undefined || read === undefined) throw new Error('this witness can be asked');
    const witness = { last, read };
    expect(await verifyExport(pieces(early), { witness })).toMatchObject({
      ok: false,
      witnessed: 2,
      firstBad: { position: 9, fault: 'truncated' },
    });
    expect(await verifyExport(pieces(await world.whole()), { witness })).toMatchObject({ ok: true, witnessed: 3 });
  });

  test('a history that was written anew and sealed with the same key is found out', async () => {
    const world = worldWith(11, open());
    await world.sealer().advance({ now: true });
    const forged = newWorld(logOf(11));
    onTestFinished(() => forged.dispose());
    forged.log.records[5] = record(6, 'forged');
    await forged.sealer().advance({ now: true });
    const { last, read } = open();
    if (last === undefined || read === undefined) throw new Error('this witness can be asked');
    expect(await verifyExport(pieces(await forged.whole()))).toMatchObject({ ok: true });
    expect(await verifyExport(pieces(await forged.whole()), { witness: { last, read } })).toMatchObject({
      ok: false,
      witnessed: 1,
      firstBad: { position: 5, through: 8, fault: 'checkpoint' },
    });
  });

  test('a number is given once', async () => {
    const witness = open();
    expect(await witness.write(1, 'one\n')).toBe('written');
    expect(await open().write(1, 'another\n')).toBe('taken');
    expect(await open().read?.(1)).toBe('one\n');
    expect(await open().last?.()).toBe(1);
  });

  test('two sealers at once make one chain', async () => {
    const world = worldWith(30, open());
    const second = world.forget();
    const [one, other] = [world.sealer(), world.sealer({ segments: second, witness: open() })];
    for (let round = 0; round < 8; round++) {
      world.log.add(2);
      await Promise.all([one.advance({ now: true }), other.advance({ now: true })]);
    }
    await one.advance({ adopts: true });
    await other.advance({ adopts: true });
    expect([one.broken, other.broken]).toEqual([undefined, undefined]);
    expect(second.last()).toEqual(world.segments.last());
    expect(world.segments.last()?.size).toBe(46);
  });
});

test('a witness directory has one file for each checkpoint, a thousand together, none of them half written', async () => {
  const witness = openDirectoryWitness(dir);
  for (const sequence of [1, 999, 1_000]) await witness.write(sequence, `${sequence}\n`);
  expect(readdirSync(dir).sort()).toEqual(['000000000', '000000001']);
  expect(readdirSync(join(dir, '000000000')).sort()).toEqual([
    'checkpoint-000000000001.txt',
    'checkpoint-000000000999.txt',
  ]);
  expect(await witness.last?.()).toBe(1_000);
  writeFileSync(join(dir, '000000001', 'checkpoint-000000001001.txt'), '');
  await expect(witness.read?.(1_001)).rejects.toThrow('its writing was cut off');
});

test('a line of a witness file whose writing was cut off is no line, and does not spoil the next', async () => {
  const path = join(dir, 'witness.jsonl');
  await openFileWitness(path).write(1, 'one\n');
  await openFileWitness(path).write(2, 'two\n');
  truncateSync(path, readFileSync(path).length - 5);
  const witness = openFileWitness(path);
  expect([await witness.last?.(), await witness.read?.(2)]).toEqual([1, undefined]);
  expect(await witness.write(2, 'two\n')).toBe('written');
  expect(await openFileWitness(path).read?.(2)).toBe('two\n');
  appendFileSync(path, '{"sequence":3');
  expect(await witness.last?.()).toBe(2);
});

test('standard output gets a line of JSON for each checkpoint', async () => {
  const lines: string[] = [];
  const world = worldWith(
    5,
    openStdoutWitness((line) => lines.push(line)),
  );
  await world.sealer().advance({ now: true });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    [1, 2].map((sequence) => ({ audit: 'checkpoint', sequence, checkpoint: world.segments.get(sequence)?.checkpoint })),
  );
});

test('the first checkpoint of a log that was copied names the last one of the log it was copied from', async () => {
  const before = worldWith(5);
  await before.sealer().advance({ now: true });
  const continues = before.segments.last()?.checkpoint ?? '';
  const moved = newWorld(logOf(5, 100));
  onTestFinished(() => moved.dispose());
  await moved.sealer({ continues }).advance({ now: true });
  const [origin] = continues.split('\n');
  expect(moved.segments.get(1)?.checkpoint).toContain(
    `\ncontinues ${origin} ${createHash('sha256').update(continues).digest('hex')}\n`,
  );
  expect(moved.segments.get(2)?.checkpoint).not.toContain('continues');
  expect(await verifyExport(pieces(await moved.whole()))).toMatchObject({ ok: true, events: 5 });
});
