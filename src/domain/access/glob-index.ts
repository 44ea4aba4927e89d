import { compileGlob, type Glob } from './glob.ts';

/** Values by pattern, found by a text that the patterns fit. */
export interface GlobIndex<Value> {
  /** The value of a pattern; made when the pattern is new. */
  readonly at: (pattern: string, make: () => Value) => Value;
  readonly patterns: () => readonly string[];
  /** Whether the value of any pattern that fits the text will do. */
  readonly some: (text: string, test: (value: Value) => boolean) => boolean;
}

interface Entry<Value> {
  readonly glob: Glob;
  readonly value: Value;
}

/** Only the patterns that begin like a text are tried on it, so that a thousand cost little more than one. */
export function createGlobIndex<Value>(): GlobIndex<Value> {
  const entries = new Map<string, Entry<Value>>();
  const exact = new Map<string, Value>();
  /** By length of the beginning, then by the beginning itself. */
  const byPrefix = new Map<number, Map<string, Entry<Value>[]>>();

  const file = (entry: Entry<Value>): void => {
    const { text, prefix, exact: isExact } = entry.glob;
    if (isExact) exact.set(text, entry.value);
    else {
      const alike = byPrefix.get(prefix.length) ?? new Map<string, Entry<Value>[]>();
      byPrefix.set(prefix.length, alike);
      alike.set(prefix, [...(alike.get(prefix) ?? []), entry]);
    }
  };

  return {
    at(pattern, make) {
      const known = entries.get(pattern);
      if (known) return known.value;
      const entry = { glob: compileGlob(pattern), value: make() };
      entries.set(pattern, entry);
      file(entry);
      return entry.value;
    },
    patterns: () => [...entries.keys()],
    some(text, test) {
      const own = exact.get(text);
      if (own !== undefined && test(own)) return true;
      for (const [length, alike] of byPrefix) {
        if (length > text.length) continue;
        for (const { glob, value } of alike.get(text.slice(0, length)) ?? []) {
          if (glob.matches(text) && test(value)) return true;
        }
      }
      return false;
    },
  };
}
