import { childPointer, isObject, own } from '../../json.ts';
import type { Facts } from '../facts.ts';
import type { Finding, FindingRule, Instance } from '../finding.ts';
import type { SchemaNode } from '../node.ts';
import type { Proof } from '../proof.ts';

/** Findings against: values of which `facts` hold satisfy one keyword of `wide`. None when that is shown. */
export type Rule = (proof: Proof, facts: Facts, wide: SchemaNode, at: Instance) => Finding[];

/** What the schema says under the keyword. */
export function said(node: SchemaNode, keyword: string): unknown {
  return isObject(node.schema) ? own(node.schema, keyword) : undefined;
}

export function finding(
  rule: FindingRule,
  keyword: string,
  wide: SchemaNode,
  at: Instance,
  detail: { readonly narrow?: unknown; readonly wide?: unknown } = {},
): Finding {
  return { rule, keyword, at: at.path, pointer: childPointer(wide.pointer, keyword), ...detail };
}

/** The finding that nothing more precise can be said about a keyword. */
export function incomparable(keyword: string, wide: SchemaNode, at: Instance): Finding {
  return finding('incomparable', keyword, wide, at);
}
