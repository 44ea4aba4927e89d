import { SchemaUnusable } from '../../ports/schema-validator.ts';
import { STEP } from './step-budget.ts';

/** Characters of JSON. */
const MAX_SIZE = 256 * 1024;
const MAX_DEPTH = 64;
/** Objects and arrays in a schema. Compiling takes time that grows with their square at worst: half a second for these. */
const MAX_NODES = 3000;

/** Keywords whose value maps names to schemas: a name in there is no keyword. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies']);
/** Keywords whose schema is applied to every item or member. */
const EACH =
  /^(items|additionalItems|contains|additionalProperties|patternProperties|propertyNames|unevaluated(Items|Properties))$/;
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef'] as const;
/** Not JSON Schema, and misread by Ajv: `$async` would make checks asynchronous, `id` is how draft 4 wrote `$id`. */
const MISREAD = new Set(['$async', 'id']);

export interface PreparedSchema {
  readonly schema: Node;
  readonly nodes: number;
}

type Node = Readonly<Record<string, unknown>>;

/**
 * A copy of a schema that is safe to compile: of bounded size, and with a step counted wherever checking could go on and
 * on. Every object is taken for a schema, because a reference can make any of them one.
 * @throws SchemaUnusable too large, too deep, or not to be told apart from a value
 */
export function prepareSchema(schema: Node, json: string): PreparedSchema {
  if (json.length > MAX_SIZE) throw new SchemaUnusable(`it is larger than ${MAX_SIZE / 1024} KiB`);
  let nodes = 0;

  function copy(
    value: unknown,
    place: { readonly depth: number; readonly map: boolean; readonly each: boolean },
  ): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (++nodes > MAX_NODES) throw new SchemaUnusable(`it has more than ${MAX_NODES} parts`);
    if (place.depth > MAX_DEPTH) throw new SchemaUnusable(`it is nested deeper than ${MAX_DEPTH} levels`);
    const depth = place.depth + 1;
    if (Array.isArray(value)) return value.map((member) => copy(member, { depth, map: false, each: false }));
    const copied: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value as Node)) {
      if (!place.map && MISREAD.has(name) && typeof member !== 'object') continue;
      if (!place.map && (name === 'const' || name === 'enum')) {
        refuseReferences(member);
        define(copied, name, member);
      } else {
        const map = !place.map && MAPS.has(name);
        const each = place.map ? false : EACH.test(name);
        define(copied, name, copy(member, { depth, map, each: each || (place.map && place.each) }));
      }
    }
    const repeats = place.each || REFERENCES.some((name) => typeof copied[name] === 'string');
    if (repeats && !place.map) copied[STEP] = true;
    return copied;
  }

  const prepared = copy(schema, { depth: 0, map: false, each: false }) as Node;
  return { schema: prepared, nodes };
}

/** Sets a member, `__proto__` included. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Values are compared as they stand; one that looks like a reference could be used as a schema by another reference. */
function refuseReferences(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (REFERENCES.some((name) => typeof (value as Node)[name] === 'string')) {
    throw new SchemaUnusable('a value in const or enum looks like a reference');
  }
  for (const member of Object.values(value)) refuseReferences(member);
}
