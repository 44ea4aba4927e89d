import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOut } from '../../../src/infrastructure/event-bus/kafka/share-out.ts';
import type { Member } from '../../../src/infrastructure/event-bus/kafka/share-out.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const alike = (ids: readonly string[], owned: (id: string) => readonly string[] = () => []): Member[] =>
  ids.map((id) => ({ id, able: names, owned: owned(id) }));

describe('sharing out', () => {
  it('gives everything to a member that is alone', () => {
    expect(shareOut(alike(['x'])).get('x')).toEqual(names);
  });

  it('spreads evenly, and leaves what it can where it was', () => {
    const before = shareOut(alike(['x', 'y']));
    const after = shareOut(alike(['x', 'y', 'z'], (id) => before.get(id) ?? []));

    expect([...before.values()].map(({ length }) => length).toSorted()).toEqual([3, 4]);
    expect([...after.values()].map(({ length }) => length).toSorted()).toEqual([2, 2, 3]);
    for (const id of ['x', 'y']) expect(before.get(id)).toEqual(expect.arrayContaining([...(after.get(id) ?? [])]));
  });

  it('gives a name only to who is able to do it, and once even when two say that they own it', () => {
    const shares = shareOut([
      { id: 'old', able: ['a', 'b'], owned: ['a', 'b'] },
      { id: 'new', able: ['a', 'b', 'c'], owned: ['a', 'b', 'c'] },
    ]);

    expect([...shares.values()].flat().toSorted()).toEqual(['a', 'b', 'c']);
    expect(shares.get('new')).toContain('c');
  });

  it('gives every name that somebody can do to exactly one of those, alike for every order of members', () => {
    const member = fc.record({ able: fc.subarray(names), owned: fc.subarray(names) });
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), (drawn) => {
        const members = drawn.map((one, index) => ({ ...one, id: `m${index}` }));
        const shares = shareOut(members);
        const given = [...shares].flatMap(([id, share]) => share.map((name) => ({ id, name })));

        expect(given.map(({ name }) => name).toSorted()).toEqual(
          [...new Set(members.flatMap(({ able }) => able))].toSorted(),
        );
        for (const { id, name } of given) expect(members.find((one) => one.id === id)?.able).toContain(name);
        expect(shareOut(members.toReversed())).toEqual(shares);
        if (members.every(({ able }) => able.length === names.length)) {
          const sizes = [...shares.values()].map(({ length }) => length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
