import { childPointer, isObject, own, type JsonObject } from '../json.ts';
import { isSilent } from './keywords.ts';
import type { Kinds } from './kinds.ts';

export type Dialect = '2020-12' | '2019-09' | 'draft-07' | 'unknown';

/** A whole schema as a tool gives it: what `$ref` and `$schema` speak about. */
export interface SchemaDocument {
  readonly root: unknown;
  /** Where the document stands in the tool's version. */
  readonly pointer: string;
  readonly dialect: Dialect;
  /** Whether a local `$ref` means what it says: a nested `$id` would change what it is relative to. */
  readonly oneResource: boolean;
  /** Whether it uses a keyword that dialects read differently. */
  readonly dialectMatters: boolean;
  /** What references have been found to point to, since definitions are looked up again and again. */
  readonly targets: Map<string, SchemaNode | undefined>;
  /** Which kinds of values its schemas have been found to allow. */
  readonly kinds: Map<object, Kinds>;
}

/** A schema inside its document. `pointer` is where it stands in the tool's version. */
export interface SchemaNode {
  readonly schema: unknown;
  readonly pointer: string;
  readonly document: SchemaDocument;
}

const readDifferently = new Set([
  '$dynamicRef',
  '$recursiveRef',
  'additionalItems',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'maxContains',
  'minContains',
  'prefixItems',
  'unevaluatedItems',
  'unevaluatedProperties',
]);

/** Reads a document. A missing `$schema` means 2020-12, as MCP says. */
export function schemaDocument(root: unknown, pointer: string): SchemaDocument {
  let [oneResource, dialectMatters] = [true, false];
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) for (const element of value) pending.push(element);
    if (!isObject(value)) continue;
    if (value !== root && typeof own(value, '$id') === 'string') oneResource = false;
    const hasReference = own(value, '$ref') !== undefined;
    if (Array.isArray(own(value, 'items'))) dialectMatters = true;
    for (const key of Object.keys(value)) {
      // Old validators ignore what stands beside a reference.
      if (readDifferently.has(key) || (hasReference && key !== '$ref' && !isSilent(key))) dialectMatters = true;
      const member = value[key];
      if (typeof member === 'object' && member !== null) pending.push(member);
    }
  }
  return { root, pointer, dialect: dialectOf(root), oneResource, dialectMatters, targets: new Map(), kinds: new Map() };
}

function dialectOf(root: unknown): Dialect {
  const uri = isObject(root) ? own(root, '$schema') : undefined;
  if (uri === undefined) return '2020-12';
  if (typeof uri !== 'string') return 'unknown';
  const known = /^https?:\/\/json-schema\.org\/(?:draft\/(2020-12|2019-09)|draft-0([67]))\/schema#?$/.exec(uri);
  if (!known) return 'unknown';
  return known[1] === '2020-12' || known[1] === '2019-09' ? known[1] : 'draft-07';
}

export function rootNode(document: SchemaDocument): SchemaNode {
  return { schema: document.root, pointer: document.pointer, document };
}

/** The schema under a keyword of the node, or under a name inside that keyword; undefined when absent. */
export function childNode(node: SchemaNode, keyword: string, name?: string): SchemaNode | undefined {
  const below = step(node, keyword);
  return below === undefined || name === undefined ? below : step(below, name);
}

/** The schemas in a list keyword (`allOf`, `anyOf` …); none when it is missing or no list. */
export function listedNodes(node: SchemaNode, keyword: string): SchemaNode[] {
  const list = step(node, keyword);
  if (!list || !Array.isArray(list.schema)) return [];
  return list.schema.map((schema: unknown, index) => ({
    schema,
    pointer: childPointer(list.pointer, index),
    document: node.document,
  }));
}

/** The object under a keyword; an empty one when it is missing or malformed. */
export function keyed(schema: unknown, keyword: string): JsonObject {
  const below = isObject(schema) ? own(schema, keyword) : undefined;
  return isObject(below) ? below : {};
}

/** The names in a list keyword (`required`); none when it is missing or malformed. */
export function names(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
}

/**
 * What the node's `$ref` points to. Only a JSON pointer into the same document is followed: undefined for anchors,
 * other documents and references to nothing.
 */
export function referencedNode(node: SchemaNode): SchemaNode | undefined {
  const ref = isObject(node.schema) ? own(node.schema, '$ref') : undefined;
  const { targets, oneResource } = node.document;
  if (typeof ref !== 'string' || !oneResource || !/^#(\/|$)/.test(ref)) return undefined;
  if (!targets.has(ref)) targets.set(ref, located(node.document, ref));
  return targets.get(ref);
}

function located(document: SchemaDocument, ref: string): SchemaNode | undefined {
  let target: SchemaNode | undefined = rootNode(document);
  for (const raw of ref.split('/').slice(1)) {
    const token = decodedToken(raw);
    target = token === undefined ? undefined : step(target, token);
    if (!target) return undefined;
  }
  return target;
}

function step({ schema, pointer, document }: SchemaNode, token: string): SchemaNode | undefined {
  let below: unknown;
  if (isObject(schema)) below = own(schema, token);
  else if (Array.isArray(schema) && /^(0|[1-9]\d*)$/.test(token)) below = schema[Number(token)];
  return below === undefined ? undefined : { schema: below, pointer: childPointer(pointer, token), document };
}

/** One token of a pointer in a URI fragment (RFC 6901, section 6); undefined when its percent-encoding is broken. */
function decodedToken(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    // An escape that is broken or not UTF-8 names nothing.
    return undefined;
  }
}
