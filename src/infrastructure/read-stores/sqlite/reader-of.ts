import type { DatabaseSync } from 'node:sqlite';
import type { ModelDefinition, ModelReader } from '../../../ports/read-stores.ts';
import { documentReader } from './document-reader.ts';
import { relationalReader } from './relational-reader.ts';
import { searchReader } from './search-reader.ts';

/** The readers' side of one model's file. */
export function readerOf({ name, model }: ModelDefinition, db: DatabaseSync): ModelReader {
  switch (model.kind) {
    case 'relational':
      return relationalReader(name, db);
    case 'documents':
      return documentReader(name, db, model);
    case 'search':
      return searchReader(name, db, model);
  }
}
