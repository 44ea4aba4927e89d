import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from '../../src/ports/blob-store.ts';
import { BlobDamaged, openFileBlobStore } from '../../src/infrastructure/blob-store/file.ts';

const OCTETS = 'application/octet-stream';

describe('blobs in files', () => {
  let dir: string;
  let blobs: BlobStore;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'annals-blobs-'));
    blobs = openFileBlobStore(dir);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const pathOf = (sha256: string): string => join(dir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  /** Every file below the directory, without the directories. */
  const files = (): string[] =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  it('gives back the bytes under the SHA-256 of their content', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const ref = await blobs.put(bytes, 'text/plain');

        expect(ref).toEqual({
          sha256: createHash('sha256').update(bytes).digest('hex'),
          size: bytes.length,
          mediaType: 'text/plain',
        });
        expect(new Uint8Array((await blobs.get(ref.sha256)) ?? [])).toEqual(bytes);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps equal bytes once, also when they come at the same moment', async () => {
    const bytes = randomBytes(100_000);
    const refs = await Promise.all(Array.from({ length: 8 }, () => blobs.put(bytes, OCTETS)));
    refs.push(await blobs.put(bytes, OCTETS));

    expect(new Set(refs.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(files()).toEqual([refs[0]?.sha256]);
  });

  it('finds nothing under a hash that was never stored, or that is no hash', async () => {
    const { sha256 } = await blobs.put(randomBytes(10), OCTETS);

    expect(await blobs.get(createHash('sha256').update('other').digest('hex'))).toBeUndefined();
    for (const odd of ['', 'abc', sha256.toUpperCase(), `../${sha256}`, `${sha256}\n`, '../../../../etc/passwd']) {
      expect(await blobs.get(odd)).toBeUndefined();
    }
  });

  it('finds everything again when it is opened again', async () => {
    const bytes = randomBytes(1_000);
    const { sha256 } = await blobs.put(bytes, OCTETS);

    expect(await openFileBlobStore(dir).get(sha256)).toEqual(bytes);
  });

  it('refuses to give out bytes that are no longer those stored, and heals when they are put again', async () => {
    const bytes = randomBytes(1_000);
    const { sha256 } = await blobs.put(bytes, OCTETS);
    appendFileSync(pathOf(sha256), 'x');

    await expect(blobs.get(sha256)).rejects.toThrow(BlobDamaged);
    await blobs.put(bytes, OCTETS);
    expect(await blobs.get(sha256)).toEqual(bytes);
  });

  it('clears away what a process that died left unfinished, and leaves alone what others write now', async () => {
    const [orphan, draft] = [join(dir, 'unfinished', 'orphan'), join(dir, 'unfinished', 'draft')];
    for (const path of [orphan, draft]) writeFileSync(path, 'half of a blob');
    const yesterday = new Date(Date.now() - 24 * 60 * 60 * 1000);
    utimesSync(orphan, yesterday, yesterday);
    const { sha256 } = await openFileBlobStore(dir).put(randomBytes(10), OCTETS);

    expect(files().toSorted()).toEqual([sha256, 'draft'].toSorted());
  });

  it('leaves nothing behind when it cannot put a blob under its name', async () => {
    const bytes = randomBytes(10);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(dir, sha256.slice(0, 2)), 'a file where a directory should be');

    await expect(blobs.put(bytes, OCTETS)).rejects.toThrow();
    expect(files()).toEqual([sha256.slice(0, 2)]);
  });

  it('lets nobody else read', async () => {
    const own = join(dir, 'own');
    mkdirSync(own);
    const { sha256 } = await openFileBlobStore(join(own, 'blobs')).put(randomBytes(10), OCTETS);
    const blob = join(own, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256);

    expect(statSync(join(own, 'blobs')).mode & 0o777).toBe(0o700);
    expect(statSync(blob).mode & 0o777).toBe(0o600);
  });
});
