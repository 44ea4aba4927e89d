import { authorize, type DenialReason } from '../domain/access/authorize.ts';
import type { AccessDenied } from '../domain/access/events.ts';
import { everything, type Resource } from '../domain/access/resource.ts';
import type { Permission } from '../domain/access/roles.ts';
import type { Decider } from '../domain/decider.ts';
import { DomainError, InsufficientScope } from '../domain/error.ts';
import { following, type CommandContext } from './context.ts';
import { derivedId } from './derived-id.ts';
import type { CommandDeps } from './deps.ts';
import { handle } from './transaction.ts';

const denialDecider: Decider<null, AccessDenied['data'], AccessDenied> = {
  category: 'denial',
  initialState: null,
  evolve: () => null,
  decide: (data) => [{ type: 'AccessDenied', data }],
};

/**
 * Goes on only when the principal may do this; else the denial is recorded first.
 * @param named what it was asked of, as the record calls it: a route or a stream
 * @param resource absent: everything of the kind
 * @param hidden thrown in place of the refusal: who may not even know that something is there is told that it is not
 * @throws DomainError `permission_missing`, `insufficient_scope`
 */
export async function demand(
  deps: CommandDeps,
  context: CommandContext,
  permission: Permission,
  named: string,
  resource: Resource = everything,
  hidden?: DomainError,
): Promise<void> {
  const decision = authorize(context.principal, permission, resource);
  if (decision.allowed) return;
  await recordDenial(deps, context, permission, named, whyDenied(decision.reason, permission), resource);
  throw hidden ?? refusal(decision.reason, permission);
}

/**
 * Records that somebody was refused, whatever the reason.
 * @param asked absent: it was no question of permissions
 * @param andMore there may be more, of which nothing is recorded
 */
export async function recordDenial(
  deps: CommandDeps,
  context: CommandContext,
  action: string,
  named: string,
  reason: string,
  asked?: Resource,
  andMore = false,
): Promise<void> {
  // Its own command: the refused one has taken nothing and may come again when the permission is there.
  const commandId = derivedId(`denial ${action} ${named}`, context.commandId);
  const denial = {
    action,
    resource: named,
    reason,
    ...(asked && { asked }),
    ...(andMore && { andMore: true as const }),
  };
  await handle(deps, following(context, commandId), denialDecider, commandId, denial, { fresh: true });
}

function whyDenied(reason: DenialReason, permission: Permission): string {
  return reason === 'insufficient_scope'
    ? `the scopes of the credential lack ${permission}`
    : `permission ${permission} is missing`;
}

function refusal(reason: DenialReason, permission: Permission): DomainError {
  if (reason === 'insufficient_scope') return new InsufficientScope(permission);
  return new DomainError('forbidden', reason, `this needs the permission ${permission}`);
}
