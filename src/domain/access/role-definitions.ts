import type { Decider } from '../decider.ts';
import { DomainError } from '../error.ts';
import type { DomainEvent } from '../event.ts';
import { parsePermissions } from './permission-list.ts';
import { isBuiltInRole, roles } from './roles.ts';

interface RoleContent {
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly string[];
}

export type RoleEvent =
  | DomainEvent<'RoleDefined', RoleContent>
  | DomainEvent<'RoleChanged', RoleContent>
  | DomainEvent<'RoleRemoved', { readonly name: string }>;

/** A role that was defined at run time. */
export interface RoleDefinition extends RoleContent {
  /** How often it was changed. */
  readonly revision: number;
}

export type RoleDefinitions = ReadonlyMap<string, RoleDefinition>;

export type RoleCommand =
  | ({ readonly type: 'DefineRole' } & RoleContent)
  | ({ readonly type: 'ChangeRole' } & RoleContent)
  | { readonly type: 'RemoveRole'; readonly name: string };

/**
 * All roles that were defined at run time, in one stream: what everybody may do at any moment is a prefix of it, and the
 * roles of a principal are found by one read.
 */
export const roleDefinitionsDecider: Decider<RoleDefinitions, RoleCommand, RoleEvent> = {
  category: 'policy',
  initialState: new Map(),
  evolve(state, event) {
    switch (event.type) {
      case 'RoleDefined':
        return new Map(state).set(event.data.name, { ...event.data, revision: 0 });
      case 'RoleChanged': {
        const revision = (state.get(event.data.name)?.revision ?? 0) + 1;
        return new Map(state).set(event.data.name, { ...event.data, revision });
      }
      case 'RoleRemoved': {
        const rest = new Map(state);
        rest.delete(event.data.name);
        return rest;
      }
      default:
        return state;
    }
  },
  decide(command, state) {
    const { name } = command;
    if (command.type === 'DefineRole') {
      if (isBuiltInRole(name) || state.has(name)) {
        const faults = [{ pointer: '/name', detail: 'is the name of another role' }];
        throw new DomainError('conflict', 'role_exists', 'there is a role of this name', faults);
      }
      return [{ type: 'RoleDefined', data: contentOf(command) }];
    }
    if (isBuiltInRole(name)) {
      throw new DomainError('conflict', 'role_built_in', 'this role comes with the product and cannot be changed');
    }
    const role = state.get(name);
    if (!role) throw roleNotFound();
    if (command.type === 'RemoveRole') return [{ type: 'RoleRemoved', data: { name } }];
    const content = contentOf(command);
    const same = content.description === role.description && sameSet(content.permissions, role.permissions);
    return same ? [] : [{ type: 'RoleChanged', data: content }];
  },
};

/** The stream is `policy-roles`. */
export const roleDefinitionsId = 'roles';

/** What a role grants; undefined when there is no such role. */
export function permissionsOfRole(definitions: RoleDefinitions, name: string): readonly string[] | undefined {
  return isBuiltInRole(name) ? roles[name] : definitions.get(name)?.permissions;
}

const resolved = new WeakMap<RoleDefinitions, Map<string, readonly string[]>>();

/**
 * What several roles grant together; names of no role grant nothing. The same list for the same roles while no definition
 * changes, so that it is made ready once (`grantsOf`).
 */
export function permissionsOfRoles(definitions: RoleDefinitions, names: readonly string[]): readonly string[] {
  const lists = resolved.get(definitions) ?? new Map<string, readonly string[]>();
  resolved.set(definitions, lists);
  const key = [...new Set(names)].sort().join();
  const list = lists.get(key) ?? [
    ...new Set(key.split(',').flatMap((name) => permissionsOfRole(definitions, name) ?? [])),
  ];
  lists.set(key, list);
  return list;
}

export function roleNotFound(): DomainError {
  return new DomainError('not_found', 'role_not_found', 'there is no such role');
}

function contentOf({ name, description, permissions }: RoleContent): RoleContent {
  return { name, description, permissions: parsePermissions(permissions, '/permissions') };
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && new Set([...one, ...other]).size === one.length;
}
