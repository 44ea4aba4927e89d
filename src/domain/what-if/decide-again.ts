import { authorize, type Asker } from '../access/authorize.ts';
import { everything, type Resource } from '../access/resource.ts';
import type { Permission } from '../access/roles.ts';

/** A question of permissions that was decided once. */
export interface PastQuestion {
  readonly action: Permission;
  readonly resource: Resource;
  /** What the record says of how it was decided. */
  readonly wasAllowed: boolean;
  /** False: the credential had scopes, and the record does not say which. */
  readonly scopesKnown: boolean;
}

export type PastReason = 'permission_missing' | 'insufficient_scope';

/** Null: allowed. */
export type Verdict = PastReason | null;

/**
 * How a question was decided and how it would be decided by another policy; undefined when the record does not tell enough
 * to decide it again, or is not explained by what was in force.
 * @param before who asked, as he was
 * @param after the same under the other policy
 */
export function decideAgain(
  { action, resource, wasAllowed, scopesKnown }: PastQuestion,
  before: Asker,
  after: Asker,
): { readonly then: Verdict; readonly would: Verdict } | undefined {
  const [then, would] = [verdictOf(before), verdictOf(after)];
  // It was refused before anybody knew what it was about: who may do it with some things only might have been refused then.
  if (resource.kind === 'anything' && would === null && !authorize(after, action, everything).allowed) return undefined;
  if (scopesKnown) return (then === null) === wasAllowed ? { then, would } : undefined;
  if (then === null) {
    // Scopes are not of the policy: what they let through, or held back, they would again.
    return wasAllowed ? { then, would } : { then: 'insufficient_scope', would: would ?? 'insufficient_scope' };
  }
  if (wasAllowed) return undefined;
  return would === null ? undefined : { then, would };

  function verdictOf(asker: Asker): Verdict {
    const decision = authorize(asker, action, resource);
    return decision.allowed ? null : decision.reason;
  }
}
