import { derivedId } from './derived-id.ts';
import type { AccessDenied } from '../domain/access/events.ts';
import { may } from '../domain/access/principal.ts';
import type { Permission } from '../domain/access/roles.ts';
import type { Decider } from '../domain/decider.ts';
import { DomainError } from '../domain/error.ts';
import { following, type CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { handle } from './transaction.ts';

const denialDecider: Decider<null, AccessDenied['data'], AccessDenied> = {
  category: 'denial',
  initialState: null,
  evolve: () => null,
  decide: (data) => [{ type: 'AccessDenied', data }],
};

/**
 * Goes on only when the principal has the permission; else the denial is recorded first.
 * @param resource what it was asked of: a route or a stream
 * @throws DomainError `permission_missing`
 */
export async function demand(
  deps: CommandDeps,
  context: CommandContext,
  permission: Permission,
  resource: string,
): Promise<void> {
  if (may(context.principal, permission)) return;
  const reason = `permission ${permission} is missing`;
  // Its own command: the refused one has taken nothing and may come again when the permission is there.
  const commandId = derivedId(`denial ${permission} ${resource}`, context.commandId);
  const denial = { action: permission, resource, reason };
  await handle(deps, following(context, commandId), denialDecider, commandId, denial, { fresh: true });
  throw new DomainError('forbidden', 'permission_missing', `this needs the permission ${permission}`);
}
