import { canonicalJson } from '../canonical-json.ts';
import { wholeInstance, type Finding } from './finding.ts';
import { sameDocument } from './identical.ts';
import { rootNode, schemaDocument, type SchemaDocument } from './node.ts';
import type { Budget, Tolerance } from './proof.ts';
import { startProof } from './prove.ts';

/** A schema and where it stands in the version. */
export interface PlacedSchema {
  readonly schema: unknown;
  readonly pointer: string;
}

/**
 * Why it cannot be shown that whatever is valid against `narrow` is valid against `wide`, given the tolerance. No
 * finding is a proof; a finding is a counterexample or a limit of the method (`incomparable`). Does not throw, follows
 * no reference out of the document, runs no pattern, and stops with a finding when the budget is used up. The findings
 * do not depend on the order of members.
 */
export function containmentFindings(
  narrow: PlacedSchema,
  wide: PlacedSchema,
  tolerance: Tolerance,
  budget: Budget,
): Finding[] {
  const from = schemaDocument(inOneOrder(narrow.schema), narrow.pointer);
  const to = schemaDocument(inOneOrder(wide.schema), wide.pointer);
  if (sameDocument(from, to, budget)) return [];
  if (!shareDialect(from, to)) return [{ rule: 'incomparable', keyword: '$schema', at: '', pointer: to.pointer }];
  return startProof(tolerance, budget).prove([rootNode(from)], rootNode(to), wholeInstance);
}

/** The schema with the members of every object in one order, since a proof goes through them as they stand. */
function inOneOrder(schema: unknown): unknown {
  return JSON.parse(canonicalJson(schema));
}

function shareDialect(a: SchemaDocument, b: SchemaDocument): boolean {
  if (a.dialect === 'unknown' || b.dialect === 'unknown') return false;
  return a.dialect === b.dialect || !(a.dialectMatters || b.dialectMatters);
}
