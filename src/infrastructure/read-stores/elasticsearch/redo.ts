import type { AnyRow, ModelChange, SearchRow } from '../../../ports/read-model.ts';
import { fieldsOf, listOf, storedOf } from './answers.ts';
import { bulk } from './bulk.ts';
import type { ElasticsearchConnection } from './connection.ts';
import type { LetterWrite } from './dead-letters.ts';
import type { IndexNames } from './names.ts';
import { ownerOf, type OpenVersion } from './versions.ts';

/** Of what one document holds of a change, in UTF-16 units. */
const PART_LENGTH = 1_000_000;

/** A row as it becomes; with null it is deleted. */
export type RowWrite = readonly [id: string, after: SearchRow | null];

/** What is done to rows and letters, as whoever finds it can do it again. */
export interface Redo {
  readonly rows: readonly RowWrite[];
  readonly letters: readonly LetterWrite[];
}

/** The redo record within a checkpoint's document, or where its parts are. */
export interface PendingChange {
  readonly id: string;
  readonly to: number;
  /** Grows with each change of the version: of each document, what the highest one wrote stays. */
  readonly number: number;
  /** JSON. Kept as text so that no content can be at odds with a mapping. */
  readonly redo: string | null;
  /** Of the documents that hold the redo record when it is too large for one. */
  readonly parts: number;
}

export function redoOf(change: ModelChange<AnyRow>, letters: readonly LetterWrite[]): Redo {
  // A search model's rows come from its own projection.
  return { rows: change.rows.map(({ id, after }) => [id, (after as SearchRow | undefined) ?? null]), letters };
}

/** Writes the parts of a large change, so that its checkpoint's document stays small. Not begun before that names it. */
export async function prepareRedo(
  connection: ElasticsearchConnection,
  names: IndexNames,
  version: OpenVersion,
  id: string,
  redo: Redo,
): Promise<Pick<PendingChange, 'redo' | 'parts'>> {
  const parts = partsOf(redo);
  const [first = '', second] = parts;
  if (second === undefined) return { redo: first, parts: 0 };
  await bulk(
    connection,
    names.changes,
    parts.map((rows, part) => ({
      id: partId(id, part),
      number: 1,
      document: { ...ownerOf(version), change: id, part, rows: { redo: rows } },
    })),
  );
  return { redo: null, parts: parts.length };
}

/** The parts of a pending change, one after the other. */
export async function* readRedo(
  connection: ElasticsearchConnection,
  names: IndexNames,
  { id, redo, parts }: PendingChange,
): AsyncGenerator<Redo> {
  if (redo !== null) yield parse(redo);
  for (let part = 0; part < parts; part++) {
    const path = `/${names.changes}/_doc/${partId(id, part)}`;
    const stored = storedOf(await connection.ask({ method: 'GET', path }));
    yield parse(String(fieldsOf(stored?._source['rows'])['redo']));
  }
}

/** Removes the parts of a change that is done. */
export async function forgetRedo(connection: ElasticsearchConnection, names: IndexNames, change: PendingChange) {
  const parts = Array.from({ length: change.parts }, (_, part) => partId(change.id, part));
  await bulk(
    connection,
    names.changes,
    parts.map((id) => ({ id, document: undefined, number: undefined })),
  );
}

function partId(change: string, part: number): string {
  return `${change}.${part}`;
}

function partsOf({ rows, letters }: Redo): readonly string[] {
  const parts: string[] = [];
  let lists: Record<'rows' | 'letters', string[]> = { rows: [], letters: [] };
  let length = 0;
  const close = (): void => {
    parts.push(`{"rows":[${lists.rows.join(',')}],"letters":[${lists.letters.join(',')}]}`);
    [lists, length] = [{ rows: [], letters: [] }, 0];
  };
  const add = (list: 'rows' | 'letters', item: unknown): void => {
    const json = JSON.stringify(item);
    if (length > 0 && length + json.length > PART_LENGTH) close();
    lists[list].push(json);
    length += json.length;
  };
  for (const row of rows) add('rows', row);
  for (const letter of letters) add('letters', letter);
  close();
  return parts;
}

/** Written by this program: what is not JSON of this form would be damage, which the parser tells. */
function parse(json: string): Redo {
  const { rows, letters } = fieldsOf(JSON.parse(json));
  return { rows: listOf(rows) as Redo['rows'], letters: listOf(letters) as Redo['letters'] };
}
