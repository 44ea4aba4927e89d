import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authorize, type Asker } from '../../src/domain/access/authorize.ts';
import { anything, type Resource } from '../../src/domain/access/resource.ts';
import { changedPolicy } from '../../src/domain/what-if/change.ts';
import { decideAgain } from '../../src/domain/what-if/decide-again.ts';

const asker = (...permissions: string[]): Asker => ({ actor: 'user:1', roles: [], permissions });
const tool: Resource = { kind: 'tool', mcp: { id: 'm', name: 'github', owner: null }, tool: 'echo' };
const question = (wasAllowed: boolean, scopesKnown = true) =>
  ({ action: 'mcp:call', resource: tool, wasAllowed, scopesKnown }) as const;

describe('deciding a recorded call again', () => {
  test('with the same permissions comes out the same, whatever they are', () => {
    const grants = fc.subarray(['mcp:call', 'mcp:git*:call:echo', 'mcp:other:call', 'mcp:github:call:x']);
    fc.assert(
      fc.property(grants, (permissions) => {
        const one = asker(...permissions);
        const was = authorize(one, 'mcp:call', tool).allowed;
        const again = decideAgain(question(was), one, asker(...permissions));
        expect(again?.then).toBe(again?.would);
        expect(again?.then === null).toBe(was);
      }),
    );
  });

  test('says nothing of what the record does not explain', () => {
    expect(decideAgain(question(true), asker(), asker('mcp:call'))).toBeUndefined();
    expect(decideAgain(question(false), asker('mcp:call'), asker())).toBeUndefined();
  });

  test('does not guess the scopes of a client', () => {
    const all = asker('mcp:call');
    expect(decideAgain(question(true, false), all, asker())).toEqual({ then: null, would: 'permission_missing' });
    expect(decideAgain(question(false, false), all, all)).toEqual({
      then: 'insufficient_scope',
      would: 'insufficient_scope',
    });
    expect(decideAgain(question(false, false), asker(), all)).toBeUndefined();
  });

  test('does not guess what was asked for where that was not known', () => {
    const early = { ...question(false), resource: anything };
    expect(decideAgain(early, asker(), asker('mcp:call'))).toEqual({ then: 'permission_missing', would: null });
    expect(decideAgain(early, asker(), asker('mcp:github:call'))).toBeUndefined();
    expect(decideAgain(early, asker(), asker('mcp:read'))?.would).toBe('permission_missing');
  });
});

describe('another policy', () => {
  test('replaces what a built-in role grants, and who has it', () => {
    const policy = changedPolicy({
      roles: [
        { name: 'viewer', permissions: ['mcp:call'] },
        { name: 'developer', permissions: null },
      ],
      members: [{ userId: '1', give: ['viewer'], take: ['admin'] }],
    });
    expect(policy.rolesOf('user:1', ['admin', 'auditor'])).toEqual(['auditor', 'viewer']);
    expect(policy.rolesOf('user:2', ['admin'])).toEqual(['admin']);
    const definitions = new Map();
    expect(policy.permissionsOf(definitions, ['viewer'])).toEqual(['mcp:call']);
    expect(policy.permissionsOf(definitions, ['developer'])).toEqual([]);
    expect(policy.permissionsOf(definitions, ['viewer'])).toBe(policy.permissionsOf(definitions, ['viewer']));
  });
});
