import { childNode, listedNodes, type SchemaNode } from './node.ts';

/** What one schema says of the elements of an array. */
export interface ArrayShape {
  /** For the first elements, one by one. */
  readonly prefix: readonly SchemaNode[];
  /** For every further element; undefined when the schema leaves that unsaid. */
  readonly rest: SchemaNode | undefined;
}

/** Reads `prefixItems` and `items`, or in older dialects `items` and `additionalItems`. */
export function arrayShape(node: SchemaNode): ArrayShape {
  const items = childNode(node, 'items');
  if (node.document.dialect === '2020-12') {
    return { prefix: listedNodes(node, 'prefixItems'), rest: Array.isArray(items?.schema) ? undefined : items };
  }
  if (!Array.isArray(items?.schema)) return { prefix: [], rest: items };
  return { prefix: listedNodes(node, 'items'), rest: childNode(node, 'additionalItems') };
}

/** What is known of the element at `index` of an array that all the shapes describe. */
export function elementAt(shapes: readonly ArrayShape[], index: number): SchemaNode[] {
  return shapes.flatMap(({ prefix, rest }) => prefix[index] ?? rest ?? []);
}
