import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalOffer, offerChanges, sameOffer } from '../../../src/domain/mcp/diff/offer.ts';
import { diffVersions } from '../../../src/domain/mcp/diff/version-diff.ts';
import { asDocument, patched } from './patch.ts';
import { offers, shuffled, versionPairs, versions } from './version-generators.ts';

describe('the diff of two versions', () => {
  it('is empty when they are equal, and when only orders differ', () => {
    const nothing = { changes: [], tools: { added: [], removed: [], changed: [] }, breaking: [] };
    fc.assert(
      fc.property(versions, (version) => {
        expect(diffVersions(version, structuredClone(version))).toEqual(nothing);
        expect(diffVersions(version, shuffled(version))).toEqual(nothing);
      }),
    );
  });

  it('turns the one into the other when its changes are applied', () => {
    fc.assert(
      fc.property(versionPairs, ([before, after]) => {
        const { changes } = diffVersions(before, after);
        expect(patched(asDocument(before), changes)).toEqual(asDocument(after));
      }),
      { numRuns: 300 },
    );
  });

  it('changes nothing twice, and only what differs', () => {
    fc.assert(
      fc.property(versionPairs, ([before, after]) => {
        const { changes } = diffVersions(before, after);
        const pointers = changes.map(({ pointer }) => pointer);
        expect(pointers).toEqual([...new Set(pointers)].sort());
        for (const one of changes) if (one.op === 'replace') expect(one.before).not.toEqual(one.after);
      }),
    );
  });

  it('is mirrored by the diff the other way round', () => {
    fc.assert(
      fc.property(versionPairs, ([before, after]) => {
        const [there, back] = [diffVersions(before, after), diffVersions(after, before)];
        expect(back.tools).toEqual({ ...there.tools, added: there.tools.removed, removed: there.tools.added });
        const opposite = { add: 'remove', remove: 'add', replace: 'replace' } as const;
        expect(back.changes).toEqual(
          there.changes.map(({ pointer, op, before, after }) => {
            return { pointer, op: opposite[op], before: after, after: before };
          }),
        );
      }),
    );
  });

  it('names as broken only tools that were removed or changed, and every removed one', () => {
    fc.assert(
      fc.property(versionPairs, ([before, after]) => {
        const { tools, breaking } = diffVersions(before, after);
        const removed = breaking.filter(({ code }) => code === 'tool_removed').map(({ tool }) => tool);
        expect(removed).toEqual(tools.removed);
        for (const { tool, pointer } of breaking) {
          expect([...tools.removed, ...tools.changed]).toContain(tool);
          expect(pointer).toMatch(/^\/tools\//);
        }
      }),
    );
  });

  it('does not depend on orders', () => {
    fc.assert(
      fc.property(versionPairs, ([before, after]) => {
        const { tools, breaking } = diffVersions(shuffled(before), shuffled(after));
        const expected = diffVersions(before, after);
        expect(tools).toEqual(expected.tools);
        expect(breaking).toEqual(expected.breaking);
      }),
    );
  });
});

describe('the canonical text of an offer', () => {
  it('is the same for two offers exactly when nothing changed between them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(offers, offers), offers.map(twice)), ([a, b]) => {
        const definition = { name: '', description: '', tags: [], transport: { type: 'sse', url: '' } } as const;
        const { changes } = diffVersions({ definition, offer: a }, { definition, offer: b });
        expect(canonicalOffer(a) === canonicalOffer(b)).toBe(changes.length === 0);
        expect(sameOffer(a, b)).toBe(changes.length === 0);
        expect(offerChanges(a, b)).toEqual(diffVersions({ definition, offer: a }, { definition, offer: b }).tools);
      }),
    );
  });
});

function twice<Value>(value: Value): [Value, Value] {
  return [value, structuredClone(value)];
}
