import { factsOf, isImpossible } from './facts.ts';
import { OBJECT } from './kinds.ts';
import type { SchemaNode } from './node.ts';
import { knownShapes, propertyOf, requiredNames } from './object-shape.ts';
import type { Budget } from './proof.ts';

const deepest = 4;

/**
 * Whether no value can satisfy all the schemas: their kinds or listed values exclude each other, or those of a property
 * that they require do (as a discriminator does). False is no statement.
 */
export function unsatisfiable(nodes: readonly SchemaNode[], budget: Budget, level = 0): boolean {
  if (--budget.left < 0) return false;
  const facts = factsOf(nodes, budget);
  if (isImpossible(facts)) return true;
  if (facts.kinds !== OBJECT || level >= deepest) return false;
  const shapes = knownShapes(facts.nodes);
  return [...requiredNames(facts)].some((name) => unsatisfiable(propertyOf(shapes, name), budget, level + 1));
}
