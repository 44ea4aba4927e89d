import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CatalogueEntry } from '../../../ports/read-stores.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { syncDirectory } from '../../data-dir/sync-directory.ts';

/** The file that says which versions of the models are in use. */
export function cataloguePath(dir: string): string {
  return join(dir, 'catalogue.json');
}

/** Empty when there is none, or none that can be understood: then every model is built anew, which loses nothing. */
export function readCatalogue(path: string): ReadonlyMap<string, CatalogueEntry> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const entries = isObject(parsed) ? Object.entries(parsed) : [];
    return new Map(entries.flatMap(([name, entry]) => (isEntry(entry) ? [[name, entry] as const] : [])));
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      return new Map();
    }
    throw new StoreUnavailable(`${path} cannot be read`, { cause: error });
  }
}

/** Replaces the file at once: after a crash the old one or the new one is there, whole. @throws StoreUnavailable */
export function writeCatalogue(path: string, entries: ReadonlyMap<string, CatalogueEntry>): void {
  const next = `${path}.next`;
  try {
    const descriptor = openSync(next, 'w', 0o600);
    try {
      writeFileSync(descriptor, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, path);
    syncDirectory(dirname(path));
  } catch (error) {
    throw new StoreUnavailable(`${path} cannot be written`, { cause: error });
  }
}

function isEntry(value: unknown): value is CatalogueEntry {
  return (
    isObject(value) &&
    Number.isSafeInteger(value['live']) &&
    (value['previous'] === null || Number.isSafeInteger(value['previous'])) &&
    Number.isSafeInteger(value['schemaVersion'])
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
