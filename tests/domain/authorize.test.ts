import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorize, type Asker } from '../../src/domain/access/authorize.ts';
import { notCovered } from '../../src/domain/access/covers.ts';
import { effectivePermissions } from '../../src/domain/access/effective.ts';
import { compileGlob } from '../../src/domain/access/glob.ts';
import { grantsOf } from '../../src/domain/access/grants.ts';
import { parsePermission, permissionText } from '../../src/domain/access/permission-grammar.ts';
import { anything, everything, type Resource } from '../../src/domain/access/resource.ts';
import { permissions, type Permission } from '../../src/domain/access/roles.ts';

const asks = (list: readonly string[], scopes?: readonly string[]): Asker => {
  return { actor: 'user:u1', roles: ['admin'], permissions: list, ...(scopes ? { scopes } : {}) };
};
const mcp = (name: string, owner = 'user:other'): Resource => ({
  kind: 'mcp',
  mcp: { id: `id of ${name}`, name, owner },
});
const tool = (name: string, of: string): Resource => ({ kind: 'tool', mcp: { id: 'i', name, owner: null }, tool: of });
const allowed = (asker: Asker, action: Permission, resource: Resource) => authorize(asker, action, resource).allowed;

/** Texts of few letters, in which patterns often fit. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
const asExpression = (glob: string) => new RegExp(`^${glob.split('*').join('.*')}$`, 's');

describe('a pattern', () => {
  it('fits what the regular expression that says the same fits', () => {
    fc.assert(
      fc.property(pattern, text, (glob, word) => {
        expect(compileGlob(glob).matches(word)).toBe(asExpression(glob).test(word));
      }),
      { numRuns: 2000 },
    );
  });

  it('has no special character but the star', () => {
    for (const special of ['.', '?', '[a-z]', '(a|b)', '\\w', '$', '^']) {
      expect(compileGlob(special).matches('a'), special).toBe(false);
      expect(compileGlob(special).matches(special), special).toBe(true);
    }
  });

  it('takes no longer for what nearly fits', () => {
    const glob = compileGlob(`${'a*'.repeat(100)}b`);
    const word = 'a'.repeat(100_000);
    const begun = performance.now();
    expect(glob.matches(word)).toBe(false);
    // What goes back for each star would not end in our lifetime.
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it('finds among many rules what each by itself allows', () => {
    const list = fc.array(fc.tuple(pattern, pattern), { maxLength: 12 });
    fc.assert(
      fc.property(list, text, text, (rules, name, called) => {
        const usable = rules.map(([one, other]) => `mcp:${one}:call:${other}`).filter((rule) => isGrant(rule));
        const expected = usable.some((rule) => {
          const [, of = '', , what = ''] = rule.split(':');
          return asExpression(of).test(name) && asExpression(what).test(called);
        });
        expect(allowed(asks(usable), 'mcp:call', tool(name, called))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

const isGrant = (rule: string) => typeof parsePermission(rule) !== 'string';

describe('a permission', () => {
  it('is written in one way only', () => {
    const texts = [
      ...permissions,
      'mcp:github:call:create_*',
      'mcp:*:read',
      'mcp:a b.c-d_e:register-command',
      'mcp:x:call:a:b*',
    ];
    for (const one of texts) {
      const grant = parsePermission(one);
      expect(typeof grant === 'string' ? grant : permissionText(grant)).toBe(one);
    }
    const loud = parsePermission('mcp:GitHub:call:*');
    expect(typeof loud === 'string' ? loud : permissionText(loud)).toBe('mcp:github:call');
  });

  it('is refused with what is wrong in it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (wild) => {
        const grant = parsePermission(wild);
        if (typeof grant === 'string') expect(grant).toMatch(/^(is|must) /);
        else expect(parsePermission(permissionText(grant))).toEqual(grant);
      }),
    );
  });

  it('that is none grants nothing', () => {
    const none = asks(['*', 'mcp:*', 'admin', 'mcp:read:*', 'mcp:**:call', '', ':', '__proto__', 'constructor']);
    for (const action of permissions) expect(allowed(none, action, anything), action).toBe(false);
  });
});

describe('a decision', () => {
  it('for one mcp says nothing about others, nor about all', () => {
    const asker = asks(['mcp:github:read']);
    expect(allowed(asker, 'mcp:read', mcp('GitHub'))).toBe(true);
    expect(allowed(asker, 'mcp:read', mcp('github2'))).toBe(false);
    expect(allowed(asker, 'mcp:read', everything)).toBe(false);
    expect(allowed(asker, 'mcp:read', anything)).toBe(true);
    expect(allowed(asker, 'mcp:write', mcp('github'))).toBe(false);
    expect(allowed(asker, 'mcp:write', anything)).toBe(false);
    expect(allowed(asks(['mcp:id of x:read']), 'mcp:read', mcp('x'))).toBe(true);
  });

  it('for some tools is none for the others, and the case of a tool counts', () => {
    const asker = asks(['mcp:github:call:create_*']);
    expect(allowed(asker, 'mcp:call', tool('github', 'create_issue'))).toBe(true);
    expect(allowed(asker, 'mcp:call', tool('github', 'delete_repo'))).toBe(false);
    expect(allowed(asker, 'mcp:call', tool('github', 'Create_issue'))).toBe(false);
    expect(allowed(asker, 'mcp:call', mcp('github'))).toBe(false);
    expect(allowed(asks(['mcp:github:call']), 'mcp:call', tool('github', 'anything'))).toBe(true);
  });

  it('lets owners do with their own what mcp:own says, and nobody else', () => {
    const asker = asks(['mcp:own']);
    for (const action of ['mcp:read', 'mcp:write', 'mcp:call'] as const) {
      expect(allowed(asker, action, mcp('mine', 'user:u1')), action).toBe(true);
      expect(allowed(asker, action, mcp('theirs')), action).toBe(false);
    }
    expect(allowed(asker, 'mcp:register-command', mcp('mine', 'user:u1'))).toBe(false);
    expect(allowed(asks(['mcp:read']), 'mcp:write', mcp('mine', 'user:u1'))).toBe(false);
  });

  it('needs a permission and a scope, and says which is missing', () => {
    const held = ['mcp:git*:read', 'audit:read'];
    expect(authorize(asks(held, ['mcp:read']), 'mcp:read', mcp('github'))).toEqual({ allowed: true });
    expect(authorize(asks(held, ['mcp:read']), 'mcp:read', mcp('other'))).toEqual({
      allowed: false,
      reason: 'permission_missing',
    });
    expect(authorize(asks(held, ['mcp:read']), 'audit:read', everything)).toEqual({
      allowed: false,
      reason: 'insufficient_scope',
    });
    expect(allowed(asks(held, []), 'audit:read', everything)).toBe(false);
  });

  it('about what has an owner is for him, and for who may do it with everybody’s', () => {
    const mine: Resource = { kind: 'owned', owner: 'user:u1' };
    const theirs: Resource = { kind: 'owned', owner: 'user:u2' };
    expect(allowed(asks(['execution:read']), 'execution:read', mine)).toBe(true);
    expect(allowed(asks(['execution:read']), 'execution:read', theirs)).toBe(false);
    expect(allowed(asks(['execution:read', 'execution:read-all']), 'execution:read', theirs)).toBe(true);
    expect(allowed(asks(['execution:read-all']), 'execution:read', theirs)).toBe(false);
  });

  it('is the same for the same question, whatever else was asked: lists are made ready once', () => {
    const list = ['mcp:github:read'];
    expect(grantsOf(list)).toBe(grantsOf(list));
    expect(grantsOf([...list])).not.toBe(grantsOf(list));
  });
});

describe('what one holds', () => {
  it('takes in a pattern only when it takes in all that the pattern can mean', () => {
    const rule = fc.tuple(pattern, pattern).map(([one, other]) => `mcp:${one}:call:${other}`);
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), rule, text, text, (held, wanted, name, called) => {
        if (!isGrant(wanted)) return;
        const given = notCovered(asks(held), [wanted]).length === 0;
        // What could be given can do nothing that its giver cannot.
        if (given && allowed(asks([wanted]), 'mcp:call', tool(name, called))) {
          expect(allowed(asks(held), 'mcp:call', tool(name, called)), `${held.join()} gives ${wanted}`).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    [['mcp:call'], 'mcp:github:call:x', true],
    [['mcp:git*:call'], 'mcp:github:call:create_*', true],
    [['mcp:git*:call'], 'mcp:git*:call', true],
    [['mcp:git*:call:create_*'], 'mcp:github:call', false],
    [['mcp:github:call'], 'mcp:git*:call', false],
    [['mcp:*:call'], 'mcp:call', false],
    [['mcp:own'], 'mcp:github:read', false],
  ])('%j gives %s: %s', (held, wanted, given) => {
    expect(notCovered(asks(held), [wanted])).toEqual(given ? [] : [wanted]);
  });

  it('by a key is what both lists have', () => {
    expect(effectivePermissions(asks(['mcp:read', 'mcp:github:call', 'audit:read'], ['mcp:call', 'mcp:read']))).toEqual(
      ['mcp:read', 'mcp:github:call'],
    );
    expect(effectivePermissions(asks(['mcp:read']))).toEqual(['mcp:read']);
  });
});
