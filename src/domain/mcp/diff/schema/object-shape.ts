import { isObject, own, type JsonObject } from '../json.ts';
import { listedValues, type Facts } from './facts.ts';
import { childNode, keyed, names, type SchemaNode } from './node.ts';

/** What one schema says of the properties of an object. */
export interface ObjectShape {
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** By pattern. Patterns are compared as texts and never run: they come from strangers. */
  readonly patterns: ReadonlyMap<string, SchemaNode>;
  /** For every other property; undefined when the schema leaves that unsaid. */
  readonly rest: SchemaNode | undefined;
}

/** Keywords that apply more schemas to the same value, which `unevaluatedProperties` would have to look into. */
const inPlace = [
  '$dynamicRef',
  '$recursiveRef',
  '$ref',
  'allOf',
  'anyOf',
  'dependentSchemas',
  'if',
  'not',
  'oneOf',
] as const;

/** Whether `unevaluatedProperties` says here just what `additionalProperties` would say. */
export function unevaluatedIsAdditional({ schema, document }: SchemaNode): boolean {
  if (!isObject(schema) || document.dialect === 'draft-07') return false;
  return inPlace.every((keyword) => own(schema, keyword) === undefined);
}

export function objectShape(node: SchemaNode): ObjectShape {
  const all = (keyword: string) => {
    const nodes = Object.keys(keyed(node.schema, keyword)).map((key) => [key, childNode(node, keyword, key)] as const);
    return new Map(nodes.flatMap(([key, child]) => (child ? [[key, child] as const] : [])));
  };
  const unevaluated = unevaluatedIsAdditional(node) ? childNode(node, 'unevaluatedProperties') : undefined;
  return {
    properties: all('properties'),
    patterns: all('patternProperties'),
    rest: childNode(node, 'additionalProperties') ?? unevaluated,
  };
}

/** What schemas let know of the properties of the objects that satisfy them: listed objects are known all through. */
export function knownShapes(nodes: readonly SchemaNode[]): ObjectShape[] {
  return nodes.flatMap((node) => {
    const listed = isObject(node.schema) ? listedValues(node.schema) : undefined;
    return listed ? [objectShape(node), shapeOfValues(node, listed)] : [objectShape(node)];
  });
}

/** The objects that `enum` or `const` lists have just the properties they have. */
function shapeOfValues(node: SchemaNode, values: readonly unknown[]): ObjectShape {
  const members = new Map<string, unknown[]>();
  for (const value of values.filter(isObject)) {
    for (const key of Object.keys(value)) {
      const known = members.get(key);
      if (known) known.push(value[key]);
      else members.set(key, [value[key]]);
    }
  }
  const made = (schema: unknown): SchemaNode => ({ ...node, schema });
  return {
    properties: new Map([...members].map(([key, enumeration]) => [key, made({ enum: enumeration })])),
    patterns: new Map(),
    rest: made(false),
  };
}

const none: ReadonlySet<string> = new Set();

/**
 * What is known of the property `name` of an object that all the shapes describe, given that it matches none of the
 * `excluded` patterns. Whether it matches others stays open, and with it whether the rest of their shape applies.
 */
export function propertyOf(shapes: readonly ObjectShape[], name: string, excluded = none): SchemaNode[] {
  return shapes.flatMap((shape) => shape.properties.get(name) ?? restOfOne(shape, excluded));
}

/** The same of a property that no shape names. */
export function restOf(shapes: readonly ObjectShape[], excluded = none): SchemaNode[] {
  return shapes.flatMap((shape) => restOfOne(shape, excluded));
}

function restOfOne({ patterns, rest }: ObjectShape, excluded: ReadonlySet<string>): SchemaNode[] {
  return rest && [...patterns.keys()].every((pattern) => excluded.has(pattern)) ? [rest] : [];
}

/** The names that every such object has. */
export function requiredNames(facts: Facts): Set<string> {
  return new Set(facts.nodes.flatMap(({ schema }) => (isObject(schema) ? names(own(schema, 'required')) : [])));
}

/** `dependentRequired`, and the lists of names in the older `dependencies`. */
export function requiredBy(schema: JsonObject): Map<string, readonly string[]> {
  const members = [
    ...Object.entries(keyed(schema, 'dependentRequired')),
    ...Object.entries(keyed(schema, 'dependencies')),
  ];
  return new Map(members.flatMap(([trigger, list]) => (Array.isArray(list) ? [[trigger, names(list)] as const] : [])));
}

/** `dependentSchemas`, and the schemas in the older `dependencies`. */
export function schemasBy(node: SchemaNode): Map<string, SchemaNode> {
  const found = new Map<string, SchemaNode>();
  for (const keyword of ['dependentSchemas', 'dependencies']) {
    for (const [trigger, schema] of Object.entries(keyed(node.schema, keyword))) {
      const child = Array.isArray(schema) ? undefined : childNode(node, keyword, trigger);
      if (child) found.set(trigger, child);
    }
  }
  return found;
}
