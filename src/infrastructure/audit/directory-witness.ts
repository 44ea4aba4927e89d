import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Witness } from '../../ports/audit-record.ts';
import { syncDirectory } from '../data-dir/sync-directory.ts';

/** Files in one directory at most: listing them takes as long as there are many. */
const TOGETHER = 1_000;

/** What file systems without hard links answer, such as those on object stores. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP']);

/**
 * A directory with a file for each checkpoint, named by its number: `000000000/checkpoint-000000000042.txt`. A file is made
 * whole or not at all and never replaced, which also tells several sealers apart: only one makes a number.
 */
export function openDirectoryWitness(root: string): Witness {
  const folderOf = (sequence: number) => join(root, String(Math.floor(sequence / TOGETHER)).padStart(9, '0'));
  const pathOf = (sequence: number) => join(folderOf(sequence), `checkpoint-${String(sequence).padStart(12, '0')}.txt`);

  return {
    async last() {
      const folder = highest(list(root), /^(\d{9})$/);
      if (folder === undefined) return 0;
      return highest(list(folderOf(folder * TOGETHER)), /^checkpoint-(\d{12})\.txt$/) ?? 0;
    },
    async read(sequence) {
      const text = unlessMissing(() => readFileSync(pathOf(sequence), 'utf8'));
      if (text === '')
        throw new Error(`the witness holds an empty ${pathOf(sequence)}: its writing was cut off; remove it`);
      return text;
    },
    async write(sequence, checkpoint) {
      mkdirSync(folderOf(sequence), { recursive: true });
      const made = make(pathOf(sequence), checkpoint);
      syncDirectory(folderOf(sequence));
      return made ? 'written' : 'taken';
    },
  };
}

function make(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  try {
    writeDurably(draft, text);
    // A link, unlike a rename, fails when the name is taken.
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(codeOf(error))) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    writeDurably(path, text);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o644);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function list(path: string): readonly string[] {
  return unlessMissing(() => readdirSync(path)) ?? [];
}

function highest(names: readonly string[], pattern: RegExp): number | undefined {
  const numbers = names
    .flatMap((name) => Number(pattern.exec(name)?.[1] ?? Number.NaN))
    .filter((n) => !Number.isNaN(n));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

function unlessMissing<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
