import { isIP } from 'node:net';
import { z } from 'zod';
import { id, pageOf, time } from './common.ts';

export const permission = z
  .string()
  .min(1)
  .max(400)
  .meta({ description: 'mcp:read, or of one mcp mcp:github:read, or of some tools mcp:github:call:create_*' });

const permissionList = z.array(permission).max(1000);

export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a to z, 0 to 9, "_" and "-", a letter first')
  .meta({ description: 'admin, operator, developer, auditor, viewer, or a role that was defined here' });

const description = z.string().max(1000);

export const roleInput = z
  .strictObject({ name: roleName, description: description.default(''), permissions: permissionList })
  .meta({ id: 'RoleInput' });

export const roleContent = z
  .strictObject({ description: description.default(''), permissions: permissionList })
  .meta({ id: 'RoleContent', description: 'These permissions and no others' });

export const role = z
  .object({
    name: z.string(),
    description: z.string(),
    permissions: z.array(z.string()).readonly(),
    builtIn: z.boolean().meta({ description: 'Comes with the product and cannot be changed' }),
  })
  .meta({ id: 'Role' });

export const roleList = z.object({ items: z.array(role), nextCursor: z.null() }).meta({ id: 'RolePage' });

const addressBlock = z
  .string()
  .max(60)
  .refine(isAddressBlock, 'must be an address or a CIDR block: 192.0.2.0/24, 2001:db8::/32');

export const apiKeyInput = z
  .strictObject({
    name: z.string().min(1).max(100),
    scopes: permissionList
      .min(1, 'must name at least one permission')
      .meta({ description: 'Permissions of the owner that the key has, too' }),
    expiresAt: z.iso
      .datetime({ offset: true, error: 'must be a time (RFC 3339): 2030-01-01T00:00:00Z' })
      .exactOptional()
      .meta({ description: 'When the key ends by itself' }),
    addresses: z
      .array(addressBlock)
      .max(100)
      .exactOptional()
      .meta({ description: 'Where it may be used from; absent: from anywhere' }),
  })
  .meta({ id: 'ApiKeyInput' });

const apiKeyFields = {
  id,
  userId: z.string(),
  name: z.string(),
  scopes: z.array(z.string()).readonly(),
  addresses: z.array(z.string()).readonly(),
  status: z.enum(['active', 'expired', 'revoked']),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable().meta({ description: 'Exact to a minute' }),
  lastUsedFrom: z.string().nullable(),
  revokedAt: time.nullable(),
};

export const apiKey = z.object(apiKeyFields).meta({ id: 'ApiKey' });

export const createdApiKey = z
  .object({ ...apiKeyFields, key: z.string().meta({ description: 'Shown now and never again' }) })
  .meta({ id: 'CreatedApiKey' });

export const apiKeyPage = pageOf(apiKey, 'ApiKey');

function isAddressBlock(text: string): boolean {
  const [network = '', bits, ...more] = text.split('/');
  const family = isIP(network);
  if (family === 0 || network.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
