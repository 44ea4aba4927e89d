import { notCovered } from '../domain/access/covers.ts';
import { DomainError } from '../domain/error.ts';
import type { CommandContext } from './context.ts';
import { recordDenial } from './denials.ts';
import type { CommandDeps } from './deps.ts';

/**
 * Nobody gives, takes or uses by way of others what he does not hold himself. A refusal is recorded.
 * @param permissions what is given or taken
 * @param named what it was asked of, as the record calls it
 * @throws DomainError `permissions_exceeded` naming some of what is missing
 */
export async function demandAll(
  deps: CommandDeps,
  context: CommandContext,
  permissions: readonly string[],
  action: string,
  named: string,
): Promise<void> {
  const missing = notCovered(context.principal, permissions);
  if (missing.length === 0) return;
  const some = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', …' : '');
  await recordDenial(deps, context, action, named, `permissions beyond one's own: ${some}`);
  const message = `this is for those who have these permissions themselves: ${some}`;
  throw new DomainError('forbidden', 'permissions_exceeded', message);
}
