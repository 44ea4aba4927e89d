import { isObject, own } from '../../json.ts';
import { isAnnotation } from '../keywords.ts';
import { identical } from '../identical.ts';
import type { Facts } from '../facts.ts';
import type { SchemaNode } from '../node.ts';
import type { Budget } from '../proof.ts';

/** Whether one of the known schemas says exactly the same under these keywords, which together have one meaning. */
export function saysTheSame(facts: Facts, wide: SchemaNode, keywords: readonly string[], budget: Budget): boolean {
  const [first] = keywords;
  if (first === undefined || isAnnotation(first)) return true;
  const goal = only(wide, keywords);
  return facts.nodes.some((node) => isObject(node.schema) && identical(only(node, keywords), goal, budget));
}

function only(node: SchemaNode, keywords: readonly string[]): SchemaNode {
  const { schema } = node;
  if (!isObject(schema)) return node;
  const said = keywords.filter((keyword) => own(schema, keyword) !== undefined);
  return { ...node, schema: Object.fromEntries(said.map((keyword) => [keyword, schema[keyword]])) };
}
