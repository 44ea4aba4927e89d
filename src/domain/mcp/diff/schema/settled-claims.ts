import type { Finding } from './finding.ts';
import type { SchemaNode } from './node.ts';
import type { Claim } from './proof.ts';

interface Settled {
  readonly claim: Claim;
  readonly findings: Finding[];
}

/** Claims whose proof is over, so that a definition that is used in many places is compared once. */
export class SettledClaims {
  readonly #byWide = new Map<unknown, Map<unknown, Settled[]>>();

  /** The findings on the same claim, wherever in the value it was made; undefined when it is new. */
  findingsOn(claim: Claim): Finding[] | undefined {
    const candidates = this.#byWide.get(claim.wide.schema)?.get(claim.narrow[0]?.schema);
    return candidates?.find((one) => isSameClaim(one.claim, claim))?.findings;
  }

  add(claim: Claim, findings: Finding[]): void {
    // `false` at one place is not `false` at another: each has a finding of its own.
    if (typeof claim.wide.schema === 'boolean') return;
    const byNarrow = this.#byWide.get(claim.wide.schema) ?? new Map<unknown, Settled[]>();
    this.#byWide.set(claim.wide.schema, byNarrow);
    const candidates = byNarrow.get(claim.narrow[0]?.schema);
    if (candidates) candidates.push({ claim, findings });
    else byNarrow.set(claim.narrow[0]?.schema, [{ claim, findings }]);
  }
}

/** Whether two claims are about the same schemas. */
export function isSameClaim(a: Claim, b: Claim): boolean {
  return (
    isSameNode(a.wide, b.wide) &&
    a.narrow.length === b.narrow.length &&
    a.narrow.every((node, index) => isSameNode(node, b.narrow[index]))
  );
}

function isSameNode(a: SchemaNode, b: SchemaNode | undefined): boolean {
  return a.schema === b?.schema && a.document === b?.document;
}
