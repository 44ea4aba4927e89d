import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BlobStore } from '../../ports/blob-store.ts';
import { explainFileFailure, fileErrorCode } from '../data-dir/file-failure.ts';
import { makeDirectory } from '../data-dir/make-directory.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** A stored file no longer has the content that its name promises. */
export class BlobDamaged extends Error {
  override readonly name = 'BlobDamaged';
}

/**
 * Blobs as files named by their SHA-256, in two levels of directories (`ab/cd/abcd…`). A file appears under its name
 * only once it is whole and synced. Any number of processes may share the directory; what one of them has left
 * unfinished long ago is cleared away when it is opened.
 * @throws StoreUnavailable the directory cannot be created or written
 */
export function openFileBlobStore(directory: string): BlobStore {
  const dir = resolve(directory);
  const unfinished = join(dir, 'unfinished');
  explained(() => {
    makeDirectory(unfinished);
    removeAbandoned(unfinished);
  });
  const pathOf = (sha256: string): string => join(dir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);

  return {
    put: async (bytes, mediaType) => {
      const sha256 = hashOf(bytes);
      const path = pathOf(sha256);
      try {
        const stored = await readIfThere(path);
        // A damaged file is written anew: its right content is at hand.
        if (stored === undefined || hashOf(stored) !== sha256) await write(unfinished, path, bytes);
        await makeNamesDurable(dir, path);
      } catch (error) {
        throw explain(error);
      }
      return { sha256, size: bytes.byteLength, mediaType };
    },

    get: async (sha256) => {
      if (!SHA256.test(sha256)) return undefined;
      let bytes: Uint8Array | undefined;
      try {
        bytes = await readIfThere(pathOf(sha256));
      } catch (error) {
        throw explain(error);
      }
      if (bytes !== undefined && hashOf(bytes) !== sha256) throw new BlobDamaged(`blob ${sha256} is damaged`);
      return bytes;
    },
  };
}

/** A write that is under way is far younger than this, whichever process does it. */
const ABANDONED_MS = 60 * 60 * 1000;

function removeAbandoned(unfinished: string): void {
  for (const name of readdirSync(unfinished)) {
    const path = join(unfinished, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - modified > ABANDONED_MS) rmSync(path, { force: true });
  }
}

async function write(unfinished: string, path: string, bytes: Uint8Array): Promise<void> {
  const draft = join(unfinished, randomUUID());
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Syncs every directory on the way to a blob. Also for one that was there already: a writer that died between its
 * rename and its sync has left a name that could still be lost.
 */
async function makeNamesDurable(dir: string, path: string): Promise<void> {
  const level2 = dirname(path);
  for (const directory of [level2, dirname(level2), dir]) {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function explain(error: unknown): unknown {
  return explainFileFailure('the blob store cannot be used', error);
}

function explained(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw explain(error);
  }
}
