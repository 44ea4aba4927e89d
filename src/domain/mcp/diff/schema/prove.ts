import { isObject } from '../json.ts';
import { casesOf } from './cases.ts';
import { conjunction } from './conjuncts.ts';
import { factsOf, isImpossible, type Facts } from './facts.ts';
import { distinct, type Finding, type Instance } from './finding.ts';
import { identical } from './identical.ts';
import { isSilent } from './keywords.ts';
import { referencedNode, type SchemaNode } from './node.ts';
import type { Budget, Claim, Proof, Tolerance } from './proof.ts';
import { saysTheSame } from './rules/same-keyword.ts';
import { entryOf, type Entry } from './rules/table.ts';
import { isSameClaim, SettledClaims } from './settled-claims.ts';

/** Schemas nested deeper than this are not compared. */
const deepest = 80;
/** How often values may be told apart to show one keyword. */
const mostSplits = 4;

/** A proof inside `outside` others, which bounds how deep proofs nest altogether. */
export function startProof(tolerance: Tolerance, budget: Budget, outside = 0): Proof {
  const open: Claim[] = [];
  const settled = new SettledClaims();
  /** The outermost open claim that what is being proven rests on. */
  let restsOn = Infinity;

  const proof: Proof = {
    tolerance,
    budget,
    prove(narrow, wide, at) {
      const claim = { narrow: narrow.map(dereferenced), wide: dereferenced(wide), at };
      if (isTrivial(claim.wide) || claim.narrow.some(({ schema }) => schema === false)) return [];
      const known = settled.findingsOn(claim);
      if (known) {
        budget.left -= known.length;
        return budget.left < 0 ? [usedUp(wide)] : known;
      }
      // A claim may rest on itself when it comes back about a part of the value it was made for: values are finite, so
      // it holds for the innermost parts first. About the same value it would be a circle.
      const assumed = open.findIndex((one) => one.at.depth < at.depth && isSameClaim(one, claim));
      if (assumed >= 0) {
        restsOn = Math.min(restsOn, assumed);
        return [];
      }
      if (--budget.left < 0) return [usedUp(wide)];
      if (open.length + outside >= deepest) return [beyond(wide, at)];
      const restedOn = restsOn;
      restsOn = Infinity;
      open.push(claim);
      const findings = distinct(contained(proof, claim));
      open.pop();
      // What rests on a claim further out is only as good as that one.
      if (restsOn >= open.length) settled.add(claim, findings);
      restsOn = Math.min(restsOn, restedOn);
      return findings;
    },
    holds(narrow, wide, at) {
      const strict = tolerance === 'none' ? proof : startProof('none', budget, open.length + outside);
      return strict.prove(narrow, wide, at).length === 0;
    },
  };
  return proof;
}

/** What a bare `$ref` stands for, so that claims about a definition are known again wherever it is used. */
function dereferenced(node: SchemaNode): SchemaNode {
  let current = node;
  for (let steps = 0; steps < deepest; steps++) {
    const { schema } = current;
    const isBare = isObject(schema) && Object.keys(schema).every((keyword) => keyword === '$ref' || isSilent(keyword));
    const target = isBare ? referencedNode(current) : undefined;
    if (!target) return current;
    current = target;
  }
  return node;
}

function isTrivial({ schema }: SchemaNode): boolean {
  return schema === true || (isObject(schema) && Object.keys(schema).every(isSilent));
}

function contained(proof: Proof, { narrow, wide, at }: Claim): Finding[] {
  if (narrow.some((node) => identical(node, wide, proof.budget))) return [];
  const facts = factsOf(narrow, proof.budget);
  if (isImpossible(facts)) return [];
  const goals = conjunction([wide], 'goal');
  if (!goals.complete) return [beyond(wide, at)];
  return goals.nodes.flatMap((goal) => {
    if (goal.schema === false) return [{ ...beyond(goal, at), rule: 'refused' as const }];
    if (goal.schema !== true && !isObject(goal.schema)) return [beyond(goal, at)];
    if (facts.nodes.some((node) => identical(node, goal, proof.budget))) return [];
    return [...entriesOf(goal)].flatMap((entry) => {
      if (entry.group.length > 0 && saysTheSame(facts, goal, entry.group, proof.budget)) return [];
      return discharged(proof, facts, goal, at, entry, 0);
    });
  });
}

function entriesOf({ schema, document }: SchemaNode): Set<Entry> {
  const keywords = isObject(schema) ? Object.keys(schema) : [];
  return new Set(keywords.flatMap((keyword) => entryOf(keyword, document.dialect) ?? []));
}

/** Shows a keyword for all values at once, or else case by case. Findings are about all of them: they read better. */
function discharged(
  proof: Proof,
  facts: Facts,
  goal: SchemaNode,
  at: Instance,
  entry: Entry,
  splits: number,
): Finding[] {
  const findings = entry.rule(proof, facts, goal, at);
  if (findings.length === 0 || splits >= mostSplits || proof.budget.left < 0) return findings;
  const cases = casesOf(facts, proof.budget);
  if (!cases) return findings;
  const isShown = cases.every((one) => discharged(proof, one.facts, goal, at, entry, splits + 1).length === 0);
  return isShown ? [] : findings;
}

function beyond(wide: SchemaNode, at: Instance): Finding {
  return { rule: 'incomparable', keyword: '', at: at.path, pointer: wide.pointer };
}

/** Said once for the whole schema, however much of it is left. */
function usedUp({ document }: SchemaNode): Finding {
  return { rule: 'incomparable', keyword: '', at: '', pointer: document.pointer };
}
