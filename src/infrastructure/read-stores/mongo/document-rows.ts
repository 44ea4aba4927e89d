import { BSON, type IndexDescription } from 'mongodb';
import type { DocumentModel, DocumentRow } from '../../../ports/read-model.ts';

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** What a server takes as one document, in bytes. https://www.mongodb.com/docs/manual/reference/limits/ */
const LARGEST = 16 * 1024 * 1024;
/** Bytes of a character, at most, for each place where it may stand: the text, an indexed field, the id. */
const BYTES_OF_CHARACTER = 9;

/**
 * A document as it lies in MongoDB. BSON is not JSON: it has no NUL in names, nests less deep, and gives back other
 * texts for some numbers. The JSON text comes back as it was written, whatever is in it, and nothing in it can be an
 * operator; the fields that indexes name stand beside it.
 */
export interface StoredDocument {
  readonly _id: string;
  /** Absent when none of them has a value that an index is for. */
  readonly f?: Readonly<Record<string, string | number>>;
  readonly document: string;
}

/** Fields that an index names and that stand beside the document. */
export function indexedFields(model: DocumentModel): readonly string[] {
  return [...new Set(model.indexes.flat())].filter((field) => field !== 'id');
}

/**
 * Where a field stands. Names come from the program, never from a request, but one that could mean anything else is
 * refused all the same.
 * @throws TypeError
 */
export function pathOf(field: string): string {
  if (!PLAIN.test(field)) throw new TypeError(`${JSON.stringify(field)} is not a plain name`);
  return field === 'id' ? '_id' : `f.${field}`;
}

/** The secondary indexes of a model. Each ends with the id, by which equal rows are ordered. */
export function indexesOf(model: DocumentModel): IndexDescription[] {
  const lists = new Map(model.indexes.map((fields) => [fields.join('_'), fields]));
  return [...lists].map(([name, fields]) => ({
    name: `by_${name}`.slice(0, 63),
    key: Object.fromEntries([...new Set([...fields.map(pathOf), '_id'])].map((path) => [path, 1])),
  }));
}

/** @throws Error it is larger than a server takes */
export function storedDocument(row: DocumentRow, fields: readonly string[]): StoredDocument {
  const document = JSON.stringify(row);
  const indexed = fields.flatMap((field) => {
    const value = indexable(row[field]);
    return value === null ? [] : [[field, value] as const];
  });
  const stored = { _id: row.id, ...(indexed.length > 0 && { f: Object.fromEntries(indexed) }), document };
  if (document.length * BYTES_OF_CHARACTER > LARGEST && BSON.calculateObjectSize(stored) > LARGEST) {
    throw new Error(`document ${row.id} is larger than MongoDB takes (16 MiB)`);
  }
  return stored;
}

export function documentOf({ document }: Pick<StoredDocument, 'document'>): DocumentRow {
  // Written by `storedDocument`, from a document.
  return JSON.parse(document) as DocumentRow;
}

/** What equality and order are defined for; anything else is as good as absent to an index. */
export function indexable(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
