import { invalid } from '../invalid.ts';

/** A column that a list may be sorted by; it is never null. */
export interface SortColumn {
  readonly column: string;
  readonly type: 'text' | 'integer';
  /** No two rows have the same value: nothing needs to break a tie. */
  readonly unique?: boolean;
}

export interface SortTerm extends SortColumn {
  readonly direction: 'asc' | 'desc';
}

/** By name of the field, as callers write it. */
export type SortFields = Readonly<Record<string, SortColumn>>;

/**
 * The order that a sort parameter asks for, always a total one: the id breaks what ties remain.
 * @throws DomainError `invalid_sort` naming the fields that can be sorted by
 */
export function parseSort(fields: SortFields, sort: string): readonly SortTerm[] {
  const terms: SortTerm[] = [];
  for (const part of sort.split(',')) {
    const descends = part.startsWith('-');
    const name = descends ? part.slice(1) : part;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field || terms.some(({ column }) => column === field.column)) {
      const names = Object.keys(fields).join(', ');
      throw invalid('invalid_sort', '/sort', `must name each once, with - before it to descend: ${names}`);
    }
    terms.push({ ...field, direction: descends ? 'desc' : 'asc' });
  }
  const unique = terms.findIndex((term) => term.unique);
  if (unique >= 0) return terms.slice(0, unique + 1);
  return [...terms, { column: 'id', type: 'text', unique: true, direction: terms[0]?.direction ?? 'asc' }];
}

/** The order in which the stores put two values of one column: text by its UTF-8 bytes. */
export function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareText(String(a), String(b));
}

function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return bytewise(x) - bytewise(y);
  }
  return a.length - b.length;
}

/** In UTF-8 what UTF-16 writes as surrogates comes after all else; in UTF-16 U+E000 to U+FFFF comes after them. */
function bytewise(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
