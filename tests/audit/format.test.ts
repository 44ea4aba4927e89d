import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { originOf } from '../../src/audit/checkpoint.ts';
import { leafOf, recordOf } from '../../src/audit/leaf.ts';
import { verifyExport } from '../../src/audit/verify/verify-export.ts';
import { logOf, newWorld, pieces, publicKey } from './sealed-world.ts';

interface Vectors {
  readonly publicKey: string;
  readonly key: string;
  readonly events: readonly { readonly canonical: string; readonly leafHash: string }[];
  readonly entries: readonly string[];
  readonly checkpoints: readonly string[];
  readonly whole: string;
  readonly selection: string;
}

const page = readFileSync(new URL('../../docs/audit-format.md', import.meta.url), 'utf8');
const vectors = JSON.parse(
  readFileSync(new URL('../../docs/audit-format.vectors.json', import.meta.url), 'utf8'),
) as Vectors;

/*
 * A verifier of the whole log that is written from the page alone, and shares no code with the product: it throws where
 * something does not hold.
 */
const sha = (...parts: (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (leaves.length === 1 && first !== undefined) return first;
  const middle = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return sha(Buffer.of(1), rootOf(leaves.slice(0, middle)), rootOf(leaves.slice(middle)));
}

function requireThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function verifyByThePage(file: Buffer): number {
  const line = 'annals-audit-export 1\n';
  requireThat(file.subarray(0, line.length).toString() === line, 'the first line');
  const frames: { type: number; content: Buffer }[] = [];
  for (let at = line.length; at < file.length;) {
    const length = file.readUInt32BE(at);
    frames.push({ type: file[at + 4] ?? 0, content: file.subarray(at + 5, at + 4 + length) });
    at += 4 + length;
  }
  const key = frames.shift();
  const [, name = '', id = '', base64 = ''] = /^([^+]+)\+([^+]+)\+(.+)$/.exec(key?.content.toString() ?? '') ?? [];
  const bytes = Buffer.from(base64, 'base64');
  requireThat(key?.type === 0x4b && bytes[0] === 1, 'the key');
  requireThat(sha(`${name}\n`, bytes).subarray(0, 4).toString('hex') === id, 'the id of the key');
  const x = bytes.subarray(1).toString('base64url');
  const publicKeyOfFile = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });

  const leaves: Buffer[] = [];
  let [chain, previous, sequence, events] = [Buffer.alloc(32), Buffer.alloc(32), 0, 0];
  let expected: Buffer[] = [];
  for (const { type, content } of frames) {
    if (type === 0x53) {
      requireThat(expected.length === 0, 'all events of the segment before');
      expected = Array.from({ length: content.length / 40 }, (_, n) => content.subarray(n * 40, n * 40 + 40));
      leaves.push(...expected.map((entry) => entry.subarray(8)));
      chain = sha(Buffer.of(2), chain, content);
    } else if (type === 0x43) {
      const signed = content.toString();
      const [text = '', signature = ''] = signed.split('\n\n');
      const [origin, size, root, ...lines] = `${text}\n`.split('\n');
      const raw = Buffer.from(signature.trim().split(' ')[2] ?? '', 'base64');
      requireThat(verify(null, Buffer.from(`${text}\n`), publicKeyOfFile, raw.subarray(4)), 'the signature');
      requireThat(origin === name && origin === `annals/${leaves[0]?.toString('hex').slice(0, 32)}`, 'the origin');
      requireThat(Number(size) === leaves.length && root === rootOf(leaves).toString('base64'), 'the tree');
      const last = expected.at(-1)?.readBigInt64BE(0);
      const stated = [
        `sequence ${++sequence}`,
        `position ${last}`,
        `chain ${chain.toString('hex')}`,
        `previous ${previous.toString('hex')}`,
      ];
      expect(lines.slice(0, 4)).toEqual(stated);
      previous = sha(signed);
    } else if (type === 0x00) {
      const entry = expected.shift();
      const leaf = Buffer.concat([Buffer.of(0), content]);
      requireThat(entry !== undefined && sha(leaf).equals(entry.subarray(8)), `event ${++events}`);
    } else if (type === 0x45)
      requireThat(Number(content.readBigInt64BE()) === events && expected.length === 0, 'the end');
  }
  return events;
}

describe('the examples of the format', () => {
  test('are what the page shows', () => {
    expect(page).toContain(vectors.checkpoints[0]?.trimEnd());
  });

  test('are read by a verifier that is written from the page', () => {
    expect(verifyByThePage(Buffer.from(vectors.whole, 'base64'))).toBe(3);
  });

  test('are read by ours, whole and in part', async () => {
    const [whole, selection] = [Buffer.from(vectors.whole, 'base64'), Buffer.from(vectors.selection, 'base64')];
    expect(await verifyExport(pieces(whole))).toMatchObject({ ok: true, events: 3, key: vectors.key });
    expect(await verifyExport(pieces(selection))).toMatchObject({ ok: true, kind: 'selection', events: 1 });
  });

  test('are what is written today', async () => {
    const world = newWorld(logOf(3));
    await world.sealer({ eventsPerCheckpoint: 2 }).advance({ now: true });
    expect(world.log.records.map((record) => leafOf(record).toString('hex'))).toEqual(
      vectors.events.map(({ canonical }) => canonical),
    );
    expect([1, 2].map((sequence) => world.segments.get(sequence)?.checkpoint)).toEqual(vectors.checkpoints);
    expect((await world.whole()).toString('base64')).toBe(vectors.whole);
    expect((await world.selection(2)).toString('base64')).toBe(vectors.selection);
    expect(publicKey.toString('hex')).toBe(vectors.publicKey);
    world.dispose();
  });

  test('have the hashes of their bytes, which can be read back', () => {
    for (const { canonical, leafHash } of vectors.events) {
      const leaf = Buffer.from(canonical, 'hex');
      expect(sha(leaf).toString('hex')).toBe(leafHash);
      const record = recordOf(leaf);
      expect(record && leafOf(record)).toEqual(leaf);
    }
    expect(vectors.entries.join('')).toContain(vectors.events[0]?.leafHash);
    expect(originOf(Buffer.from(vectors.events[0]?.leafHash ?? '', 'hex'))).toBe(vectors.key.split('+')[0]);
  });

  test('fail the verifier of the page when they are damaged', () => {
    const file = Buffer.from(vectors.whole, 'base64');
    const at = file.indexOf('event 2');
    file[at] = (file[at] ?? 0) ^ 1;
    expect(() => verifyByThePage(file)).toThrow('event 2');
  });
});
