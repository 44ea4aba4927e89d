import { z } from 'zod';
import { roleName } from './access.ts';
import { id, pageOf, time } from './common.ts';

const password = z.string().min(8, 'must have at least 8 characters').max(256, 'must have at most 256 characters');

export const username = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._@-]*$/u, 'must start with a letter or digit and hold letters, digits, ". _ @ -"');

export const registration = z
  .strictObject({ username, email: z.email('must be an e-mail address').max(254), password })
  .meta({ id: 'Registration' });

/** A password that was set under other rules must still open its account. */
const anyPassword = z.string().min(1).max(256);

export const login = z
  .strictObject({ username: z.string().min(1).max(254), password: anyPassword })
  .meta({ id: 'Login' });

export const refreshToken = z.string().min(1).max(200);

export const tokens = z
  .object({
    accessToken: z.string(),
    refreshToken: z.string().meta({ description: 'Good for one refresh, which answers the next' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'Seconds until the access token ends' }),
  })
  .meta({ id: 'Tokens' });

export const keySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'KeySet' });

export const passwordChange = z
  .strictObject({ currentPassword: anyPassword, newPassword: password })
  .meta({ id: 'PasswordChange' });

export const passwordReset = z.strictObject({ password }).meta({ id: 'PasswordReset' });

export const roleChange = z
  .strictObject({ roles: z.array(roleName).max(50) })
  .meta({ id: 'RoleChange', description: 'These roles and no others' });

export const user = z
  .object({
    id,
    username: z.string(),
    email: z.string(),
    roles: z.array(z.string()),
    createdAt: time,
    updatedAt: time,
    lastLoginAt: time.nullable(),
  })
  .meta({ id: 'User' });

export const userPage = pageOf(user, 'User');

export const registeredUser = z
  .object({ id, username: z.string(), email: z.string(), roles: z.array(z.string()) })
  .meta({ id: 'RegisteredUser' });

export const me = z
  .object({
    id,
    username: z.string(),
    email: z.string(),
    roles: z.array(z.string()),
    permissions: z.array(z.string()).readonly(),
  })
  .meta({ id: 'Me' });
