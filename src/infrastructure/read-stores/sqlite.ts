import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { ModelDefinition, OpenModel, ReadStores } from '../../ports/read-stores.ts';
import type { Logger } from '../../ports/logger.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import { syncDirectory } from '../data-dir/sync-directory.ts';
import { cataloguePath, readCatalogue, writeCatalogue } from './sqlite/catalogue.ts';
import { createCheckpointThread } from './sqlite/checkpoint-thread.ts';
import { writeFailure } from './sqlite/failure.ts';
import { createBuildFile, createModelFile, markFinished, openModelFile, removeModelFile } from './sqlite/model-file.ts';
import { createModelStore } from './sqlite/model-store.ts';
import { readerOf } from './sqlite/reader-of.ts';
import { rowTableOf } from './sqlite/row-table-of.ts';

/** With a checkpoint thread: a write-ahead log longer than this (80 MB) is checkpointed by whoever makes it so. */
const UNCHECKED_PAGES = 20_000;

export interface SqliteReadStoresOptions {
  /** Created when it is missing. */
  readonly dir: string;
  /**
   * `apart`: write-ahead logs are copied into their databases by a thread of its own, as befits a thread that serves.
   * `inline`, the default: by the thread that writes.
   */
  readonly checkpoints?: 'inline' | 'apart';
  readonly logger?: Logger;
}

/**
 * Read models in SQLite files: the embedded default for relational models, documents and search. Each version of each
 * model has a file of its own, so that one is built beside another without either waiting for the other's locks.
 * @throws StoreUnavailable the directory cannot be created
 */
export function openSqliteReadStores(options: SqliteReadStoresOptions): ReadStores {
  const { dir, checkpoints = 'inline', logger } = options;
  const path = cataloguePath(dir);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreUnavailable(`${dir} cannot be created`, { cause: error });
  }
  const fileOf = ({ name }: ModelDefinition, version: number): string => join(dir, `${name}.v${version}.sqlite`);
  const thread =
    checkpoints === 'apart'
      ? createCheckpointThread((error) => logger?.warn({ error }, 'read model not checkpointed'))
      : undefined;

  function opened(definition: ModelDefinition, file: string, db: DatabaseSync): OpenModel {
    if (thread !== undefined) db.exec(`PRAGMA wal_autocheckpoint = ${UNCHECKED_PAGES}`);
    const hooks = thread && {
      written: (pages: number) => thread.written(file, pages),
      closing: () => thread.release(file),
    };
    return {
      store: createModelStore(definition.name, db, rowTableOf(definition.model), hooks),
      reader: readerOf(definition, db),
    };
  }

  return {
    catalogue: async () => readCatalogue(path),
    publish: async (entries) => writeCatalogue(path, new Map([...readCatalogue(path), ...entries])),
    versions: async ({ name }) =>
      readdirSync(dir)
        .flatMap((file) => versionOf(name, file) ?? [])
        .sort((a, b) => a - b),
    async create(definition, version) {
      const file = fileOf(definition, version);
      return opened(definition, file, createModelFile(file, rowTableOf(definition.model)));
    },
    async open(definition, version) {
      const file = fileOf(definition, version);
      return opened(definition, file, openModelFile(file));
    },
    async build(definition, version) {
      const table = rowTableOf(definition.model);
      const file = fileOf(definition, version);
      const db = createBuildFile(file, table);
      return {
        store: createModelStore(definition.name, db, table),
        async finish() {
          try {
            for (const sql of [...table.indexes, ...table.tidy]) db.exec(sql);
            markFinished(db);
            db.close();
            syncFile(file);
            syncDirectory(dir);
          } catch (error) {
            throw writeFailure(definition.name, error);
          }
        },
      };
    },
    drop: async (definition, version) => removeModelFile(fileOf(definition, version)),
  };
}

/** The version of a file `<name>.v<version>.sqlite`. */
function versionOf(name: string, file: string): number | undefined {
  if (!file.startsWith(`${name}.v`) || !file.endsWith('.sqlite')) return undefined;
  const version = Number(file.slice(name.length + 2, -'.sqlite'.length));
  return Number.isSafeInteger(version) ? version : undefined;
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
