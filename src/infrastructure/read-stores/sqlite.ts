import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { ModelDefinition, OpenModel, ReadStores } from '../../ports/read-stores.ts';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import { syncDirectory } from '../data-dir/sync-directory.ts';
import { cataloguePath, readCatalogue, writeCatalogue } from './sqlite/catalogue.ts';
import { writeFailure } from './sqlite/failure.ts';
import { createBuildFile, createModelFile, markFinished, openModelFile, removeModelFile } from './sqlite/model-file.ts';
import { createModelStore } from './sqlite/model-store.ts';
import { readerOf } from './sqlite/reader-of.ts';
import { rowTableOf } from './sqlite/row-table-of.ts';

/**
 * Read models in SQLite files: the embedded default for relational models, documents and search. Each version of each
 * model has a file of its own, so that one is built beside another without either waiting for the other's locks.
 * @param options.dir is created when it is missing
 * @throws StoreUnavailable the directory cannot be created
 */
export function openSqliteReadStores(options: { readonly dir: string }): ReadStores {
  const { dir } = options;
  const path = cataloguePath(dir);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreUnavailable(`${dir} cannot be created`, { cause: error });
  }
  const fileOf = ({ name }: ModelDefinition, version: number): string => join(dir, `${name}.v${version}.sqlite`);
  const opened = (definition: ModelDefinition, db: DatabaseSync): OpenModel => ({
    store: createModelStore(definition.name, db, rowTableOf(definition.model)),
    reader: readerOf(definition, db),
  });

  return {
    catalogue: async () => readCatalogue(path),
    publish: async (entries) => writeCatalogue(path, new Map([...readCatalogue(path), ...entries])),
    versions: async ({ name }) =>
      readdirSync(dir)
        .flatMap((file) => versionOf(name, file) ?? [])
        .sort((a, b) => a - b),
    create: async (definition, version) =>
      opened(definition, createModelFile(fileOf(definition, version), rowTableOf(definition.model))),
    open: async (definition, version) => opened(definition, openModelFile(fileOf(definition, version))),
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
