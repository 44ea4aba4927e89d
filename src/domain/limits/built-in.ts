import type { LimitContent, LimitRule } from './rule.ts';

const MINUTE = 60_000;

type Told = Pick<LimitContent, 'name' | 'description' | 'classes' | 'per' | 'limit' | 'windowMs'>;

/** @param n makes the id, which stays the same in every installation */
function builtIn(n: number, told: Told): LimitRule {
  const id = `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  const everybody = { roles: [], principals: [], exceptRoles: [], exceptPrincipals: [], tools: [] };
  return { id, ...told, enabled: true, ...everybody };
}

/**
 * The rules that come with the product: more than any one program in its right mind asks for (5,000 calls a second), so
 * that nobody meets them unawares, and there to be lowered. Wrong passwords are few.
 */
export const builtInRules: readonly LimitRule[] = [
  builtIn(1, {
    name: 'reads',
    description: 'Reading, by each principal.',
    classes: ['read'],
    per: ['principal'],
    limit: 600_000,
    windowMs: MINUTE,
  }),
  builtIn(2, {
    name: 'writes',
    description: 'Changes, by each principal.',
    classes: ['write'],
    per: ['principal'],
    limit: 300_000,
    windowMs: MINUTE,
  }),
  builtIn(3, {
    name: 'calls',
    description: 'Calls of tools, by each principal.',
    classes: ['call'],
    per: ['principal'],
    limit: 300_000,
    windowMs: MINUTE,
  }),
  builtIn(4, {
    name: 'exports',
    description: 'Exports, by each principal.',
    classes: ['export'],
    per: ['principal'],
    limit: 600,
    windowMs: MINUTE,
  }),
  builtIn(5, {
    name: 'streams',
    description: 'Feeds that are opened, by each principal.',
    classes: ['stream'],
    per: ['principal'],
    limit: 6_000,
    windowMs: MINUTE,
  }),
  builtIn(6, {
    name: 'messages',
    description: 'Messages over WebSockets, by each principal.',
    classes: ['message'],
    per: ['principal'],
    limit: 300_000,
    windowMs: MINUTE,
  }),
  builtIn(7, {
    name: 'sign-ins',
    description: 'Registering, logging in and getting tokens, from each address.',
    classes: ['auth'],
    per: ['address'],
    limit: 2_400,
    windowMs: MINUTE,
  }),
  builtIn(8, {
    name: 'failed-logins',
    description: 'Wrong passwords for one account from one address.',
    classes: ['login'],
    per: ['account', 'address'],
    limit: 10,
    windowMs: 5 * MINUTE,
  }),
  builtIn(9, {
    name: 'failed-logins-of-account',
    description:
      'Wrong passwords for one account from anywhere: more, so that a stranger cannot easily lock somebody out.',
    classes: ['login'],
    per: ['account'],
    limit: 100,
    windowMs: 5 * MINUTE,
  }),
  builtIn(10, {
    name: 'failed-logins-from-address',
    description: 'Wrong passwords from one address, for any accounts.',
    classes: ['login'],
    per: ['address'],
    limit: 100,
    windowMs: 5 * MINUTE,
  }),
];
