import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/commands/limits/limiter.ts';
import { changeLimit, defineLimit, limitIdOf, loadLimitRules, removeLimit } from '../../src/commands/limits/rules.ts';
import { PreconditionFailed } from '../../src/commands/precondition-failed.ts';
import { rulesOf } from '../../src/domain/limits/decider.ts';
import type { LimitContent, LimitRule } from '../../src/domain/limits/rule.ts';
import { createMemoryCoordination } from '../../src/infrastructure/coordination/memory.ts';
import { RateLimited } from '../../src/ports/limiter.ts';
import { logLines } from '../support/log-lines.ts';
import { newCommand, openCommandSide } from './harness.ts';

const content: LimitContent = {
  name: 'calls-of-tests',
  description: '',
  classes: ['call'],
  per: ['principal'],
  limit: 3,
  windowMs: 600_000,
  enabled: true,
  roles: [],
  principals: [],
  exceptRoles: [],
  exceptPrincipals: [],
  tools: [],
};
const request = { routeClass: 'call', principal: 'user:ada', roles: [], address: '192.0.2.1', cost: 1 } as const;
const call = { ...request, mcp: { id: 'm1', name: 'github' }, tool: 'create_issue' };

function limiterWith(...rules: readonly Partial<LimitRule>[]) {
  const { rateLimits } = createMemoryCoordination({ logger: logLines() });
  const all = rules.map((rule, index) => ({ id: `r${index}`, ...content, ...rule }));
  return createLimiter({ rateLimits, rules: () => all, enforced: true });
}

async function refusal(taking: Promise<unknown>): Promise<RateLimited> {
  const error = await taking.then(
    () => expect.fail('there was room'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RateLimited)) throw error;
  return error;
}

describe('a limiter', () => {
  it('counts calls by one budget, whether they come by a way that counts them early or by any other', async () => {
    const limits = limiterWith({}, { name: 'issues', per: ['tool'], limit: 10 });
    const early = await limits.take(request);
    expect(early.budgets.map(({ name, remaining }) => [name, remaining])).toEqual([['calls-of-tests', 2]]);
    const later = await limits.take(call, 'by-tool');
    expect(later.budgets.map(({ name, remaining }) => [name, remaining])).toEqual([['issues', 9]]);
    const other = await limits.take(call);
    expect(other.budgets.map(({ remaining }) => remaining)).toEqual([1, 8]);
    await limits.take(call);
    const { budgets, retryMs, message } = await refusal(limits.take(call));
    expect(budgets.map(({ remaining }) => remaining)).toEqual([0, 7]);
    expect(retryMs).toBeGreaterThan(500_000);
    expect(message).toContain('calls-of-tests');
  });

  it('counts a batch as its items, and gives it all or nothing', async () => {
    const limits = limiterWith({ limit: 150 });
    expect((await limits.take({ ...call, cost: 100 })).budgets[0]?.remaining).toBe(50);
    await refusal(limits.take({ ...call, cost: 100 }));
    const { budgets, giveBack } = await limits.take({ ...call, cost: 50 });
    expect(budgets[0]?.remaining).toBe(0);
    await giveBack();
    await limits.take({ ...call, cost: 50 });
  });

  it('takes from nothing when no rule is about a use', async () => {
    expect((await limiterWith({ enabled: false }).take(call)).budgets).toEqual([]);
  });
});

describe('rules', () => {
  it('are the same when a command comes again', async () => {
    const { deps } = await openCommandSide();
    const command = newCommand();
    const first = await defineLimit(deps, command, content);
    expect(await defineLimit(deps, command, content)).toEqual(first);
    expect(await limitIdOf(deps, content.name)).toBe(command.commandId);
    const { state } = await loadLimitRules(deps);
    expect(rulesOf(state).filter(({ name }) => name === content.name)).toHaveLength(1);
  });

  it('are changed and removed only by who has seen the newest', async () => {
    const { deps } = await openCommandSide();
    const { rule } = await defineLimit(deps, newCommand(), content);
    const seen = (expectedRevision: number) => ({ ...newCommand(), expectedRevision });
    expect(await changeLimit(deps, seen(0), rule.id, { limit: 4 })).toMatchObject({ revision: 1 });
    // Another rule's change is not one of this.
    await defineLimit(deps, newCommand(), { ...content, name: 'another' });
    await expect(removeLimit(deps, seen(0), rule.id)).rejects.toBeInstanceOf(PreconditionFailed);
    await removeLimit(deps, seen(1), rule.id);
    expect(await limitIdOf(deps, content.name)).toBeUndefined();
  });
});
