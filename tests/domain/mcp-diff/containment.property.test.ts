import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containmentFindings } from '../../../src/domain/mcp/diff/schema/compare.ts';
import type { Tolerance } from '../../../src/domain/mcp/diff/schema/proof.ts';
import { acceptedBy, inDialect, type Dialect } from './ajv-oracle.ts';
import {
  anyMutation,
  mutate,
  plainKeywords,
  rewrite,
  schemaDocuments,
  tolerableMutation,
  type Json,
  type SchemaObject,
} from './schema-generators.ts';

/** More runs find rarer mistakes: ANNALS_TEST_RUNS=20000 takes some minutes. */
const runs = Number(process.env['ANNALS_TEST_RUNS'] ?? 120);
const timeout = 60_000 + runs * 100;

function isContained(narrow: Json, wide: Json, tolerance: Tolerance): boolean {
  const placed = (schema: Json) => ({ schema, pointer: '/schema' });
  return containmentFindings(placed(narrow), placed(wide), tolerance, { left: 100_000 }).length === 0;
}

/** What `narrow` accepts and `wide` refuses, as Ajv says; empty when it can use only one of them. */
function counterexamples(dialect: Dialect, narrow: Json, wide: Json): Json[] {
  const [inNarrow, inWide] = [acceptedBy(dialect, narrow), acceptedBy(dialect, wide)];
  return inNarrow && inWide ? [...inNarrow].filter((instance) => !inWide.has(instance)) : [];
}

const mutations = (of: typeof anyMutation) => fc.array(of, { minLength: 1, maxLength: 3 });

/** Keywords under which a looser part does not make the whole looser. */
const notMonotone = ['contains', 'else', 'if', 'not', 'oneOf', 'then', 'unevaluatedItems'];

/** The document without keywords that turn looser parts into a stricter whole. */
function positive(document: SchemaObject): Json {
  return rewrite(document, ({ unevaluatedProperties, ...schema }) => {
    const kept = Object.fromEntries(Object.entries(schema).filter(([keyword]) => !notMonotone.includes(keyword)));
    return unevaluatedProperties === false ? { ...kept, unevaluatedProperties } : kept;
  });
}

/** Documents that often refuse what they do not declare. */
const closedDocuments = fc.tuple(schemaDocuments, fc.boolean()).map(([document, isClosed]) => {
  return positive(isClosed ? { ...document, type: 'object', additionalProperties: false } : document);
});

/** The same without `unevaluatedProperties`, which is only compared as text where other schemas apply beside it. */
function plain(document: SchemaObject): Json {
  return rewrite(positive(document), ({ unevaluatedProperties: _, ...schema }) => schema);
}

/** The document as those read it who do not mind fields they do not know. */
function open(document: Json): Json {
  return rewrite(document, ({ additionalProperties, unevaluatedProperties: _, ...schema }) => {
    return additionalProperties === undefined || additionalProperties === false
      ? schema
      : { ...schema, additionalProperties };
  });
}

/** Drops one of the keywords of a schema that only refuse values. */
function loosened(index: number): (schema: SchemaObject) => Json {
  return (schema) => {
    const refusing = Object.keys(schema).filter((keyword) => plainKeywords.includes(keyword));
    const dropped = refusing[index % refusing.length];
    return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== dropped));
  };
}

describe('a schema that is said to lie within another', () => {
  it.each<[Dialect, number]>([
    ['2020-12', runs],
    ['2019-09', runs / 4],
    ['draft-07', runs / 4],
  ])('accepts nothing that the other refuses (%s)', { timeout }, (dialect, numRuns) => {
    let [shown, refuted] = [0, 0];
    fc.assert(
      fc.property(schemaDocuments, mutations(anyMutation), (document, changes) => {
        const [a, b] = [document, mutate(document, changes)].map((schema) => inDialect(dialect, schema));
        if (a === undefined || b === undefined) return;
        for (const [narrow, wide] of [
          [a, b],
          [b, a],
        ] as const) {
          const examples = counterexamples(dialect, narrow, wide);
          if (examples.length > 0) refuted++;
          if (!isContained(narrow, wide, 'none')) continue;
          shown++;
          expect(examples, JSON.stringify({ narrow, wide })).toEqual([]);
        }
      }),
      { numRuns },
    );
    // A proof that never succeeds, or schemas that never differ, would make the property empty.
    expect(shown).toBeGreaterThan(numRuns / 2);
    expect(refuted).toBeGreaterThan(0);
  });

  it('accepts nothing that the other refuses, unless it uses a newly declared argument', { timeout }, () => {
    let declared = 0;
    fc.assert(
      fc.property(schemaDocuments, mutations(tolerableMutation), (before, changes) => {
        const after = mutate(before, changes);
        if (!isContained(before, after, 'new arguments')) return;
        if (!isContained(before, after, 'none')) declared++;
        // Mutations declare one name only, which no instance uses.
        expect(counterexamples('2020-12', before, after), JSON.stringify({ before, after })).toEqual([]);
      }),
      { numRuns: runs * 2 },
    );
    expect(declared).toBeGreaterThan(0);
  });

  it('accepts nothing that the other refuses, unless for a field it does not know', { timeout }, () => {
    let ignored = 0;
    fc.assert(
      fc.property(closedDocuments, mutations(fc.oneof(anyMutation, tolerableMutation)), (before, changes) => {
        const after = mutate(before, changes);
        if (!isContained(after, before, 'new fields')) return;
        if (!isContained(after, before, 'none')) ignored++;
        expect(counterexamples('2020-12', after, open(before)), JSON.stringify({ before, after })).toEqual([]);
      }),
      { numRuns: runs * 2 },
    );
    expect(ignored).toBeGreaterThan(0);
  });

  it('is recognized when the other was only loosened', { timeout }, () => {
    fc.assert(
      fc.property(schemaDocuments.map(plain), fc.nat(30), fc.nat(5), (document, place, index) => {
        fc.pre(acceptedBy('2020-12', document) !== undefined);
        const looser = mutate(document, [{ place, change: loosened(index) }]);
        expect(isContained(document, looser, 'none'), JSON.stringify({ document, looser })).toBe(true);
      }),
      { numRuns: runs },
    );
  });
});
