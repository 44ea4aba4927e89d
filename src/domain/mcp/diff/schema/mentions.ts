import { isObject, own, type JsonObject } from '../json.ts';
import { childNode, keyed, listedNodes, names, referencedNode, type SchemaNode } from './node.ts';
import { requiredBy, schemasBy } from './object-shape.ts';

const deepest = 8;

/** Names found so far. `any` is set once a schema leaves open which names it is about. */
interface Found {
  readonly names: Set<string>;
  any: boolean;
}

/**
 * Which properties schemas speak of in any way. What they do not mention their callers do not send; what they do
 * mention, some caller may send in any form they accept.
 */
export function mentionedNames(nodes: readonly SchemaNode[]): (name: string) => boolean {
  const found: Found = { names: new Set(), any: false };
  const seen = new Set<unknown>();
  for (const node of nodes) collect(node, found, seen, 0);
  return (name) => found.any || found.names.has(name);
}

function collect(node: SchemaNode, found: Found, seen: Set<unknown>, level: number): void {
  const { schema } = node;
  if (!isObject(schema) || seen.has(schema) || found.any) return;
  seen.add(schema);
  found.any = level > deepest || leavesNamesOpen(node, schema, level);
  for (const name of Object.keys(keyed(schema, 'properties'))) found.names.add(name);
  for (const name of names(own(schema, 'required'))) found.names.add(name);
  for (const [trigger, demanded] of requiredBy(schema))
    for (const name of [trigger, ...demanded]) found.names.add(name);
  for (const trigger of schemasBy(node).keys()) found.names.add(trigger);
  for (const part of applied(node)) collect(part, found, seen, level + 1);
}

function leavesNamesOpen(node: SchemaNode, schema: JsonObject, level: number): boolean {
  if (own(schema, 'additionalProperties') !== undefined || own(schema, 'propertyNames') !== undefined) return true;
  if (Object.keys(keyed(schema, 'patternProperties')).length > 0) return true;
  if (own(schema, '$ref') !== undefined && !referencedNode(node)) return true;
  // `false` invites nothing at the top; further down it may stand under a negation.
  const unevaluated = own(schema, 'unevaluatedProperties');
  return unevaluated !== undefined && (unevaluated !== false || level > 0);
}

/** The schemas that apply to the same value, always or under some condition. */
function applied(node: SchemaNode): SchemaNode[] {
  const single = ['not', 'if', 'then', 'else'].flatMap((keyword) => childNode(node, keyword) ?? []);
  const listed = ['anyOf', 'oneOf', 'allOf'].flatMap((keyword) => listedNodes(node, keyword));
  return [...single, ...listed, ...schemasBy(node).values(), referencedNode(node) ?? []].flat();
}
