import { parsePermissions } from '../../domain/access/permission-list.ts';
import {
  permissionsOfRole,
  roleDefinitionsDecider,
  roleDefinitionsId,
  type RoleEvent,
} from '../../domain/access/role-definitions.ts';
import { DomainError, type InputFault } from '../../domain/error.ts';
import {
  limitRulesDecider,
  limitRulesId,
  rulesOf,
  type LimitCommand,
  type LimitEvent,
  type LimitRules,
} from '../../domain/limits/decider.ts';
import type { LimitContent, LimitRule } from '../../domain/limits/rule.ts';
import type { ChangedMember, ChangedRole, RoleChange } from '../../domain/what-if/change.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import type { QueryDeps } from '../deps.ts';

/** One rule of rate limits that would be added, changed (by name or id) or removed. */
export type AskedLimit =
  | { readonly add: LimitContent }
  | { readonly change: string; readonly to: Partial<LimitContent> }
  | { readonly remove: string };

export interface AskedChange {
  readonly roles: readonly ChangedRole[];
  readonly members: readonly ChangedMember[];
  readonly limits: readonly AskedLimit[];
}

/** Of a rule that only is tried: no rule has it. */
const noId = '00000000-0000-7000-8000-';

/**
 * A change as it is tried, checked against what is in force now.
 * @throws DomainError `invalid_change`, `invalid_permission`, `invalid_limit` naming each field at fault
 */
export async function checkChange(
  deps: QueryDeps,
  asked: AskedChange,
): Promise<{ readonly roles: RoleChange; readonly limits: readonly LimitEvent[] }> {
  const roles = asked.roles.map(({ name, permissions }, index) => ({
    name,
    permissions: permissions && parsePermissions(permissions, `/change/roles/${index}/permissions`),
  }));
  const faults = [...(await faultsOfRoles(deps, roles)), ...(await faultsOfMembers(deps, asked.members, roles))];
  if (faults.length > 0) throw new DomainError('invalid', 'invalid_change', 'this change cannot be tried', faults);
  return { roles: { roles, members: asked.members }, limits: await limitEvents(deps, asked.limits) };
}

async function definitions({ store }: QueryDeps) {
  const { category, initialState, evolve } = roleDefinitionsDecider;
  const events = await store.readStream(`${category}-${roleDefinitionsId}`);
  return events.reduce((state, event) => evolve(state, event as RecordedEvent & RoleEvent), initialState);
}

async function faultsOfRoles(deps: QueryDeps, roles: readonly ChangedRole[]): Promise<readonly InputFault[]> {
  const defined = await definitions(deps);
  return roles.flatMap(({ name, permissions }, index) => {
    const faults: InputFault[] = [];
    const pointer = `/change/roles/${index}/name`;
    if (roles.findIndex((role) => role.name === name) < index) faults.push({ pointer, detail: 'is named twice' });
    if (permissions === null && permissionsOfRole(defined, name) === undefined) {
      faults.push({ pointer, detail: 'is no role, and cannot be removed' });
    }
    return faults;
  });
}

async function faultsOfMembers(
  deps: QueryDeps,
  members: readonly ChangedMember[],
  roles: readonly ChangedRole[],
): Promise<readonly InputFault[]> {
  const defined = await definitions(deps);
  const isRole = (name: string): boolean =>
    permissionsOfRole(defined, name) !== undefined || roles.some((role) => role.name === name);
  const faults: InputFault[] = [];
  for (const [index, { userId, give }] of members.entries()) {
    const pointer = `/change/members/${index}`;
    const known = await deps.store.readStream(`user-${userId}`, { limit: 1 });
    if (known.length === 0) faults.push({ pointer: `${pointer}/userId`, detail: 'is no user' });
    if (members.findIndex((member) => member.userId === userId) < index) {
      faults.push({ pointer: `${pointer}/userId`, detail: 'is named twice' });
    }
    for (const [at, name] of give.entries()) {
      if (!isRole(name)) faults.push({ pointer: `${pointer}/give/${at}`, detail: 'is no role' });
    }
  }
  return faults;
}

/** What making the changes now would record, one after the other. */
async function limitEvents({ store }: QueryDeps, asked: readonly AskedLimit[]): Promise<readonly LimitEvent[]> {
  const { category, initialState, evolve, decide } = limitRulesDecider;
  const recorded = await store.readStream(`${category}-${limitRulesId}`);
  let state = recorded.reduce<LimitRules>(
    (rules, event) => evolve(rules, event as RecordedEvent & LimitEvent),
    initialState,
  );
  const events: LimitEvent[] = [];
  for (const [index, one] of asked.entries()) {
    const pointer = `/change/limits/${index}`;
    const before = 'add' in one ? undefined : ruleNamed(state, 'change' in one ? one.change : one.remove, pointer, one);
    const content = 'add' in one ? one.add : { ...before, ...('to' in one ? one.to : {}) };
    const part = 'add' in one ? '/add' : 'change' in one ? '/to' : '';
    if (content.classes?.includes('call') !== true && before?.classes.includes('call') !== true) {
      throw invalidChange(
        `${pointer}${part === '' ? '/remove' : `${part}/classes`}`,
        'must have "call": of other uses the log does not keep every one',
      );
    }
    const made = attempt(`${pointer}${part}`, () => decide(commandOf(one, before, index), state));
    events.push(...made);
    state = made.reduce(evolve, state);
  }
  return events;
}

function commandOf(one: AskedLimit, before: LimitRule | undefined, index: number): LimitCommand {
  if ('add' in one) {
    return { type: 'DefineRateLimit', id: `${noId}${String(index).padStart(12, '0')}`, content: one.add };
  }
  const id = before?.id ?? '';
  return 'to' in one ? { type: 'ChangeRateLimit', id, change: one.to } : { type: 'RemoveRateLimit', id };
}

function ruleNamed(state: LimitRules, idOrName: string, pointer: string, one: AskedLimit): LimitRule {
  const rule = rulesOf(state).find(({ id, name }) => id === idOrName || name === idOrName);
  if (!rule) throw invalidChange(`${pointer}/${'change' in one ? 'change' : 'remove'}`, 'is no rule');
  return rule;
}

/** What the rules refuse is told of the place in what was sent. */
function attempt<Made>(pointer: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const faults = error.faults.map((fault) => ({ ...fault, pointer: `${pointer}${fault.pointer}` }));
    const named = faults.length > 0 ? faults : [{ pointer, detail: error.message }];
    throw new DomainError('invalid', error.code, error.message, named);
  }
}

function invalidChange(pointer: string, detail: string): DomainError {
  return new DomainError('invalid', 'invalid_change', 'this change cannot be tried', [{ pointer, detail }]);
}
