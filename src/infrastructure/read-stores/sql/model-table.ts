import type { RelationalModel } from '../../../ports/read-model.ts';
import { quoted } from './names.ts';
import { FULL_ID } from './row-id.ts';
import type { Server } from './server.ts';

/**
 * Of a text in an index. A text has no greatest length, an index has: rows that begin the same stand together in it,
 * and are told apart by looking at them. Whole texts are sorted where they are sorted by.
 */
const INDEXED_CHARACTERS = 191;
const BYTES_OF_CHARACTER = 4;
const ID_CHARACTERS = 768;

/** The table of one version of a model, with its secondary indexes or, for bulk loading, without. */
export function createTable(model: RelationalModel, table: string, server: Server, indexed: boolean): string {
  const { key, text } = textTypes(server);
  const types = { text, json: text, integer: 'BIGINT', real: 'DOUBLE' } as const;
  const lines = [
    `${quoted('id')} ${key} NOT NULL PRIMARY KEY`,
    ...Object.entries(model.columns).map(([name, type]) => `${quoted(name)} ${types[type]} NULL`),
    `${quoted(FULL_ID)} ${text} NULL`,
    ...(indexed ? indexes(model, server) : []),
  ];
  return `CREATE TABLE ${quoted(table)} (${lines.join(', ')}) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`;
}

/** Adds all secondary indexes in one pass over the rows; undefined when the model has none. */
export function addIndexes(model: RelationalModel, table: string, server: Server): string | undefined {
  const added = indexes(model, server).map((index) => `ADD ${index}`);
  return added.length === 0 ? undefined : `ALTER TABLE ${quoted(table)} ${added.join(', ')}`;
}

function textTypes({ collation }: Server): { readonly key: string; readonly text: string } {
  if (collation === undefined) {
    return { key: `VARBINARY(${ID_CHARACTERS * BYTES_OF_CHARACTER})`, text: 'LONGBLOB' };
  }
  const compared = `CHARACTER SET utf8mb4 COLLATE ${collation}`;
  return { key: `VARCHAR(${ID_CHARACTERS}) ${compared}`, text: `LONGTEXT ${compared}` };
}

function indexes({ columns, indexes: wanted }: RelationalModel, { collation }: Server): readonly string[] {
  const length = collation === undefined ? INDEXED_CHARACTERS * BYTES_OF_CHARACTER : INDEXED_CHARACTERS;
  const part = (column: string): string => {
    const type = columns[column];
    return type === 'integer' || type === 'real' ? quoted(column) : `${quoted(column)}(${length})`;
  };
  return wanted.map((list, number) => {
    const name = `by_${number}_${list.join('_')}`.slice(0, 64);
    return `INDEX ${quoted(name)} (${list.map(part).join(', ')})`;
  });
}
