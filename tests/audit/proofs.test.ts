import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf, leafHash, nodeHash } from '../../src/audit/hashes.ts';
import {
  consistencyPath,
  inclusionPath,
  isConsistent,
  isIncluded,
  splitOf,
  type Subtree,
} from '../../src/audit/proofs.ts';
import { createTree } from '../../src/audit/tree.ts';

/** The leaves and roots with which Certificate Transparency tests its own trees. */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leaf = (hex: string) => leafHash(Buffer.from(`00${hex}`, 'hex'));
const leaves = Array.from({ length: 70 }, (_, index) => leaf(index.toString(16).padStart(4, '0')));

/** RFC 6962 §2.1, word for word. */
const mth: Subtree = (from, to) => {
  const only = leaves[from];
  if (to - from === 1 && only !== undefined) return only;
  const middle = from + splitOf(to - from);
  return nodeHash(mth(from, middle), mth(middle, to));
};

describe('the tree', () => {
  test('has the roots of Certificate Transparency', () => {
    const tree = createTree();
    const found = inputs.map((input) => {
      tree.add(digestOf(leaf(input)));
      return Buffer.from(tree.root()).toString('hex');
    });
    expect(found).toEqual(roots);
  });

  test('without leaves has the hash of nothing', () => {
    expect(Buffer.from(createTree().root()).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  test('goes on from what it saved as if it had never stopped', () => {
    for (let size = 0; size <= 40; size++) {
      const before = createTree();
      for (const one of leaves.slice(0, size)) before.add(digestOf(one));
      const after = createTree(size, before.save());
      for (const one of leaves.slice(size)) {
        before.add(digestOf(one));
        after.add(digestOf(one));
      }
      expect(after.root()).toEqual(before.root());
      expect(Buffer.compare(after.root(), mth(0, leaves.length))).toBe(0);
    }
  });

  test('is refused with subtrees that are not its own', () => {
    expect(() => createTree(3, Buffer.alloc(32))).toThrow(RangeError);
  });
});

describe('a proof', () => {
  const sizes = fc.integer({ min: 1, max: leaves.length });

  test('of inclusion holds for its own leaf, place and root only', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, pick, damage) => {
        const index = pick % size;
        const path = inclusionPath(index, size, mth);
        const own = mth(index, index + 1);
        expect(isIncluded(own, index, size, path, mth(0, size))).toBe(true);
        expect(isIncluded(leaf('ff'), index, size, path, mth(0, size))).toBe(false);
        expect(isIncluded(own, index, size, [...path, own], mth(0, size))).toBe(false);
        expect(isIncluded(own, size, size, path, mth(0, size))).toBe(false);
        const other = (index + 1 + damage) % size;
        if (other !== index) expect(isIncluded(own, other, size, path, mth(0, size))).toBe(false);
        if (path.length > 0) expect(isIncluded(own, index, size, path.slice(1), mth(0, size))).toBe(false);
      }),
    );
  });

  test('of consistency holds for the beginning of the same tree only', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, pick, damage) => {
        const older = 1 + (pick % size);
        const path = consistencyPath(older, size, mth);
        const [before, after] = [
          { size: older, root: mth(0, older) },
          { size, root: mth(0, size) },
        ];
        expect(isConsistent(before, after, path)).toBe(true);
        expect(isConsistent({ ...before, root: leaf('ff') }, after, path)).toBe(false);
        expect(isConsistent(before, { ...after, root: leaf('ff') }, path)).toBe(false);
        expect(isConsistent(before, after, [...path, leaf('ff')])).toBe(false);
        const broken = path.map((hash, at) => (at === damage % path.length ? leaf('ff') : hash));
        if (path.length > 0) expect(isConsistent(before, after, broken)).toBe(false);
      }),
    );
  });
});
