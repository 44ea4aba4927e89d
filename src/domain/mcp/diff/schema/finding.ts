/** Why one schema cannot be shown to lie within another. The wording depends on the direction, so it comes later. */
export type FindingRule =
  /** Nothing may stand here any more. */
  | 'refused'
  | 'type'
  | 'values'
  | 'required'
  /** A property that the narrower schema does not know (`lost`), or that the wider one refuses (`removed`). */
  | 'lost'
  | 'removed'
  | 'closed'
  | 'names'
  | 'bound'
  | 'pattern'
  | 'format'
  | 'multiple'
  | 'unique'
  | 'alternatives'
  | 'dependency'
  | 'incomparable';

export interface Finding {
  readonly rule: FindingRule;
  /** Where in the value, as people write it: `options.limits[].max`. Empty for the value itself. */
  readonly at: string;
  /** Where in the schema. */
  readonly pointer: string;
  readonly keyword: string;
  /** What the narrower and the wider schema say, as far as it helps a sentence. */
  readonly narrow?: unknown;
  readonly wide?: unknown;
}

/** A place in the values that both schemas describe. */
export interface Instance {
  readonly path: string;
  /** How many steps it lies inside the whole value. */
  readonly depth: number;
}

export const wholeInstance: Instance = { path: '', depth: 0 };

export function memberOf({ path, depth }: Instance, name: string): Instance {
  return { path: path === '' ? name : `${path}.${name}`, depth: depth + 1 };
}

export function elementOf({ path, depth }: Instance, index: number | ''): Instance {
  return { path: `${path}[${index}]`, depth: depth + 1 };
}

/** Findings without those that say the same of the same place in the schema, which may be used at several in the value. */
export function distinct(findings: readonly Finding[]): Finding[] {
  if (findings.length < 2) return [...findings];
  const first = new Map<string, Finding>();
  for (const found of findings) {
    // One `required` is about many properties.
    const about = found.rule === 'required' ? String(found.wide) : '';
    const key = `${found.rule} ${found.keyword} ${found.pointer} ${about}`;
    if (!first.has(key)) first.set(key, found);
  }
  return [...first.values()];
}
