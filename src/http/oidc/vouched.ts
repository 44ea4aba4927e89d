import type { Vouched } from '../../commands/identities.ts';

/** How the claims of a provider become roles. */
export interface RoleClaims {
  readonly rolesClaim?: string;
  /** Value of the claim -> role. */
  readonly roles: ReadonlyMap<string, string>;
}

/** What a provider says of somebody, by the claims of a token whose signature and issuer are good. */
export function vouchedBy(settings: RoleClaims, claims: Readonly<Record<string, unknown>>): Vouched {
  const { iss, sub, email, email_verified: verified, preferred_username: username } = claims;
  return {
    identity: { issuer: String(iss), subject: String(sub) },
    email: typeof email === 'string' && /^[^\s@]+@[^\s@]+$/.test(email) ? email : undefined,
    // Nothing but the word itself: some providers send texts.
    emailVerified: verified === true,
    username: typeof username === 'string' ? username : undefined,
    roles: rolesOf(settings, claims),
  };
}

function rolesOf(
  { rolesClaim, roles }: RoleClaims,
  claims: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  if (rolesClaim === undefined) return undefined;
  const value = claims[rolesClaim];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const named = values.flatMap((one) => (typeof one === 'string' ? (roles.get(one) ?? []) : []));
  return [...new Set(named)];
}
