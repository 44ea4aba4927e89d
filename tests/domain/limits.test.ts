import { describe, expect, it } from 'vitest';
import { addressBlock } from '../../src/domain/limits/address-block.ts';
import { builtInRules } from '../../src/domain/limits/built-in.ts';
import { decideLimit, type LimitedUse } from '../../src/domain/limits/decide-limit.ts';
import { limitRulesDecider, revisionOf, ruleOf, rulesOf, type LimitEvent } from '../../src/domain/limits/decider.ts';
import type { LimitContent, LimitRule } from '../../src/domain/limits/rule.ts';
import { fold, scenariosOf } from './given.ts';

const content: LimitContent = {
  name: 'issues',
  description: '',
  classes: ['call'],
  per: ['principal', 'tool'],
  limit: 5,
  windowMs: 60_000,
  enabled: true,
  roles: [],
  principals: [],
  exceptRoles: [],
  exceptPrincipals: [],
  tools: [],
};
const rule = (change: Partial<LimitRule> = {}): LimitRule => ({ id: 'r1', ...content, ...change });
const use = (change: Partial<LimitedUse> = {}): LimitedUse => ({
  routeClass: 'call',
  principal: 'user:ada',
  roles: ['developer'],
  address: '192.0.2.7',
  mcp: { id: 'm1', name: 'GitHub' },
  tool: 'create_issue',
  cost: 1,
  ...change,
});
const keys = (rules: readonly LimitRule[], one: LimitedUse) => decideLimit(rules, one).map(({ key }) => key);

describe('what a use takes from', () => {
  it('is a budget of each rule about its kind, with what it costs', () => {
    const rules = [rule(), rule({ id: 'r2', name: 'reads', classes: ['read'], per: ['principal'] })];
    expect(decideLimit(rules, use({ cost: 100 }))).toEqual([
      {
        ruleId: 'r1',
        name: 'issues',
        key: 'r1 user:ada m1:create_issue',
        limit: 5,
        windowMs: 60_000,
        cost: 100,
        byTool: true,
      },
    ]);
    expect(keys(rules, use({ routeClass: 'read' }))).toEqual(['r2 user:ada']);
    expect(keys(rules, use({ routeClass: 'write' }))).toEqual([]);
  });

  it('is one for all without anything to count per, and none while a rule is disabled', () => {
    expect(keys([rule({ per: [] })], use())).toEqual(['r1']);
    expect(keys([rule({ enabled: false })], use())).toEqual([]);
  });

  it('is the same whatever order a rule names things in', () => {
    expect(keys([rule({ per: ['tool', 'principal'] })], use())).toEqual(keys([rule()], use()));
  });

  it('is not that of a rule for other roles or principals, or that leaves these out', () => {
    const of = (change: Partial<LimitRule>) => keys([rule({ per: [], ...change })], use()).length;
    expect(of({ roles: ['developer'] })).toBe(1);
    expect(of({ roles: ['admin'] })).toBe(0);
    expect(of({ roles: ['admin'], principals: ['user:a*'] })).toBe(1);
    expect(of({ principals: ['user:b*'] })).toBe(0);
    expect(of({ exceptRoles: ['developer'] })).toBe(0);
    expect(of({ roles: ['developer'], exceptPrincipals: ['user:ada'] })).toBe(0);
  });

  it('is that of a rule for certain tools when the tool is one of them, by name in any case or by id', () => {
    const of = (...tools: string[]) => keys([rule({ tools })], use()).length;
    expect(of('github:create_*')).toBe(1);
    expect(of('GITHUB')).toBe(1);
    expect(of('m1:*_issue')).toBe(1);
    expect(of('github:delete_*', 'git:*')).toBe(0);
    const { mcp: _mcp, tool: _tool, ...unknown } = use();
    expect(keys([rule()], unknown)).toEqual([]);
  });

  it('keeps those apart who have not said who they are', () => {
    const rules = [rule({ classes: ['read'], per: ['principal'] })];
    const at = (address: string) => keys(rules, use({ routeClass: 'read', principal: 'anonymous', address }));
    expect(at('192.0.2.1')).not.toEqual(at('192.0.2.2'));
    expect(at('192.0.2.1')).toEqual(at('::ffff:192.0.2.1'));
  });
});

describe('an address', () => {
  it('is of IPv6 the network that one client has', () => {
    expect(addressBlock('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(addressBlock('2001:db8:0:0:ffff:ffff:ffff:ffff')).toBe('2001:db8:0:0::/64');
    expect(addressBlock('2001:db8:0:1::1')).not.toBe(addressBlock('2001:db8::1'));
    expect(addressBlock('2001:0DB8:0000::0001')).toBe('2001:db8:0:0::/64');
    expect(addressBlock('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressBlock('::1')).toBe('0:0:0:0::/64');
  });

  it('is of IPv4 itself, however it is written', () => {
    expect(addressBlock('192.0.2.1')).toBe('192.0.2.1');
    expect(addressBlock('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(addressBlock('0:0:0:0:0:ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(addressBlock('')).toBe('');
  });
});

describe('rules', () => {
  const given = scenariosOf(limitRulesDecider);
  const defined: LimitEvent = { type: 'RateLimitDefined', data: rule() };
  const builtIn = builtInRules[0] ?? expect.fail('there are built-in rules');

  it('are defined, changed and removed', () => {
    given([]).when({ type: 'DefineRateLimit', id: 'r1', content }).then([defined]);
    given([defined])
      .when({ type: 'ChangeRateLimit', id: 'r1', change: { limit: 6 } })
      .then([{ type: 'RateLimitChanged', data: rule({ limit: 6 }) }]);
    given([defined])
      .when({ type: 'ChangeRateLimit', id: 'r1', change: { limit: 5 } })
      .then([]);
    given([defined])
      .when({ type: 'RemoveRateLimit', id: 'r1' })
      .then([{ type: 'RateLimitRemoved', data: { id: 'r1', name: 'issues' } }]);
    given([]).when({ type: 'RemoveRateLimit', id: 'r1' }).thenRejects('not_found', 'limit_not_found');
  });

  it('have names of their own', () => {
    given([defined]).when({ type: 'DefineRateLimit', id: 'r2', content }).thenRejects('conflict', 'name_taken');
    given([])
      .when({ type: 'DefineRateLimit', id: 'r2', content: { ...content, name: builtIn.name } })
      .thenRejects('conflict', 'name_taken');
  });

  it('that could count nothing are refused, and say why', () => {
    const bad = { ...content, classes: ['read'] as const, limit: 0, windowMs: 1500, tools: ['a**'] };
    const { faults } = given([])
      .when({ type: 'DefineRateLimit', id: 'r1', content: bad })
      .thenRejects('invalid', 'invalid_limit');
    expect(faults.map(({ pointer }) => pointer)).toEqual(['/limit', '/windowMs', '/per', '/tools', '/tools/0']);
  });

  it('that come with the product can be changed, and taken back to what they were, and not be removed', () => {
    const changed: LimitEvent = { type: 'RateLimitChanged', data: { ...builtIn, limit: 7 } };
    const removed: LimitEvent = { type: 'RateLimitRemoved', data: { id: builtIn.id, name: builtIn.name } };
    const { id } = builtIn;
    given([])
      .when({ type: 'ChangeRateLimit', id, change: { limit: 7 } })
      .then([changed]);
    given([]).when({ type: 'RemoveRateLimit', id }).thenRejects('conflict', 'limit_built_in');
    given([changed]).when({ type: 'RemoveRateLimit', id }).then([removed]);
    const state = fold(limitRulesDecider, [changed, removed]);
    expect(ruleOf(state, id)).toEqual(builtIn);
    expect(revisionOf(state, id)).toBe(2);
    expect(rulesOf(state)).toEqual(builtInRules);
  });
});
