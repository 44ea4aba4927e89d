import type { Finding, Instance } from './finding.ts';
import type { SchemaNode } from './node.ts';

/**
 * What a proof may take for granted beyond logic:
 * - `new arguments`: nobody sends an argument before it is declared, so declaring one narrows nothing;
 * - `new fields`: nobody minds a field he does not know.
 */
export type Tolerance = 'none' | 'new arguments' | 'new fields';

/** Work left, in visited schemas. Shared by all proofs of one diff, so that hostile schemas cost bounded time. */
export interface Budget {
  left: number;
}

/** A claim under proof: whatever is valid against all of `narrow` is valid against `wide`. */
export interface Claim {
  readonly narrow: readonly SchemaNode[];
  readonly wide: SchemaNode;
  readonly at: Instance;
}

/** One attempt to show that a schema lies within another; the rules for keywords call back into it. */
export interface Proof {
  readonly tolerance: Tolerance;
  readonly budget: Budget;
  /** Findings against the claim; none when it is proven. */
  prove(narrow: readonly SchemaNode[], wide: SchemaNode, at: Instance): Finding[];
  /** Whether the claim holds by logic alone. */
  holds(narrow: readonly SchemaNode[], wide: SchemaNode, at: Instance): boolean;
}
