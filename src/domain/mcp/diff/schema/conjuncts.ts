import { isObject, own } from '../json.ts';
import { listedNodes, referencedNode, type SchemaNode } from './node.ts';

/** Schemas that all apply to the same value, with `$ref` and `allOf` resolved into their targets. */
export interface Conjunction {
  readonly nodes: readonly SchemaNode[];
  /** False when something was left out: a reference that leads back to itself, or too deep or wide a nesting. */
  readonly complete: boolean;
}

const deepest = 64;
const most = 500;

/**
 * Flattens schemas that all apply. As `premise` (what values are known to satisfy) anything doubtful may be left out:
 * keywords beside a `$ref` in draft-07, which old validators ignore. As `goal` everything must stay in.
 */
export function conjunction(start: readonly SchemaNode[], role: 'premise' | 'goal'): Conjunction {
  const nodes: SchemaNode[] = [];
  const seen = new Set<unknown>();
  let complete = true;

  const visit = (node: SchemaNode, trail: readonly unknown[]): void => {
    if (trail.includes(node.schema) || trail.length > deepest || nodes.length >= most) {
      complete = false;
      return;
    }
    if (!isObject(node.schema)) {
      nodes.push(node);
      return;
    }
    if (seen.has(node.schema)) return;
    seen.add(node.schema);
    const target = referencedNode(node);
    const deeper = [...trail, node.schema];
    const alone = role === 'premise' && node.document.dialect === 'draft-07' && own(node.schema, '$ref') !== undefined;
    if (!alone) nodes.push(node);
    if (target) visit(target, deeper);
    if (!alone) for (const part of listedNodes(node, 'allOf')) visit(part, deeper);
  };

  for (const node of start) visit(node, []);
  return { nodes, complete };
}
