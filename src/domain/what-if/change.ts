import { permissionsOfRole, permissionsOfRoles, type RoleDefinitions } from '../access/role-definitions.ts';

/** A role as it would be. */
export interface ChangedRole {
  readonly name: string;
  /** Null: there would be no such role. */
  readonly permissions: readonly string[] | null;
}

/** Roles that somebody would have, or would not have, all the time. */
export interface ChangedMember {
  readonly userId: string;
  readonly give: readonly string[];
  readonly take: readonly string[];
}

/** Another policy, told by how it differs from the one that was in force at each moment. */
export interface RoleChange {
  readonly roles: readonly ChangedRole[];
  readonly members: readonly ChangedMember[];
}

/** What somebody's roles are, and what they grant, under another policy. */
export interface ChangedPolicy {
  readonly rolesOf: (actor: string, roles: readonly string[]) => readonly string[];
  /** The same list for the same roles while no definition changes, so that it is made ready once (`grantsOf`). */
  readonly permissionsOf: (definitions: RoleDefinitions, roles: readonly string[]) => readonly string[];
}

/** Different sets of roles that are remembered for one state of the definitions. */
const mostSets = 1000;

/** Without any difference it is the policy that was in force. */
export function changedPolicy({ roles, members }: RoleChange): ChangedPolicy {
  const changed = new Map(roles.map(({ name, permissions }) => [name, permissions]));
  const byActor = new Map(members.map((member) => [`user:${member.userId}`, member]));
  let known: { readonly definitions: RoleDefinitions; readonly lists: Map<string, readonly string[]> } | undefined;

  return {
    rolesOf(actor, held) {
      const member = byActor.get(actor);
      if (!member) return held;
      return [...new Set([...held, ...member.give])].filter((name) => !member.take.includes(name));
    },
    permissionsOf(definitions, names) {
      if (!names.some((name) => changed.has(name))) return permissionsOfRoles(definitions, names);
      if (known?.definitions !== definitions || known.lists.size >= mostSets) known = { definitions, lists: new Map() };
      const key = [...names].sort().join();
      const list = known.lists.get(key) ?? [
        ...new Set(
          names.flatMap((name) => {
            const other = changed.get(name);
            return (other === undefined ? permissionsOfRole(definitions, name) : other) ?? [];
          }),
        ),
      ];
      known.lists.set(key, list);
      return list;
    },
  };
}
