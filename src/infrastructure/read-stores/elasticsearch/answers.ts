type Fields = Readonly<Record<string, unknown>>;

/** A document as the server answers it. */
export interface Stored {
  readonly _id: string;
  readonly _source: Fields;
  readonly _seq_no: number;
  readonly _primary_term: number;
}

/** The fields of what is an object; none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The document of a single read; undefined when there is none. */
export function storedOf(answer: unknown): Stored | undefined {
  const { _id, _source, _seq_no, _primary_term, found } = fieldsOf(answer);
  if (found === false || _source === undefined) return undefined;
  return {
    _id: String(_id),
    _source: fieldsOf(_source),
    _seq_no: Number(_seq_no),
    _primary_term: Number(_primary_term),
  };
}

/** The documents of a search. */
export function hitsOf(answer: unknown): readonly Stored[] {
  return listOf(fieldsOf(fieldsOf(answer)['hits'])['hits']).flatMap((hit) => storedOf(hit) ?? []);
}
