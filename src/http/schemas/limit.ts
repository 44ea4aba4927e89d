import { z } from 'zod';
import { id } from './common.ts';
import { roleName } from './access.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const DAY = 24 * 60 * 60_000;

const limitName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be 1 to 64 of a to z, 0 to 9, "_" and "-", a letter first')
  .refine((name) => !uuid.test(name), 'must not look like an id')
  .meta({ description: 'Stands in the headers RateLimit and RateLimit-Policy' });

const pattern = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');
const patterns = z.array(pattern).max(200);
const roles = z.array(roleName).max(100);

const classes = z
  .array(z.enum(['read', 'write', 'call', 'export', 'stream', 'message', 'auth', 'login']))
  .min(1)
  .max(20)
  .meta({
    description:
      'What is counted: reads, changes, calls of tools, exports, feeds that are opened, messages over WebSockets, requests ' +
      'that come before there is a principal (auth), wrong passwords (login)',
  });
const per = z
  .array(z.enum(['principal', 'address', 'tool', 'account']))
  .max(4)
  .meta({ description: 'One budget for each of these; none of them: one for all together' });
const limit = z.int().min(1).max(1_000_000_000).meta({ description: 'Uses within any window' });
const windowMs = z
  .int()
  .min(1000)
  .max(DAY)
  .multipleOf(1000, 'must be a whole number of seconds, in milliseconds')
  .meta({ description: 'Whole seconds, in milliseconds' });
const principals = patterns.meta({ description: 'user:<id>, or a pattern: user:*' });
const tools = patterns.meta({ description: 'github:create_*: an mcp by name or id, and its tools' });
const description = z.string().max(1000);

export const limitInput = z
  .strictObject({
    name: limitName,
    description: description.default(''),
    classes,
    per: per.default(['principal']),
    limit,
    windowMs,
    enabled: z.boolean().default(true),
    roles: roles.default([]).meta({ description: 'Whom it is for; with no roles and no principals: everybody' }),
    principals: principals.default([]),
    exceptRoles: roles.default([]).meta({ description: 'Whom it is not for' }),
    exceptPrincipals: principals.default([]),
    tools: tools.default([]),
  })
  .meta({ id: 'RateLimitInput' });

export const limitPatch = z
  .strictObject({
    name: limitName.exactOptional(),
    description: description.exactOptional(),
    classes: classes.exactOptional(),
    per: per.exactOptional(),
    limit: limit.exactOptional(),
    windowMs: windowMs.exactOptional(),
    enabled: z.boolean().exactOptional(),
    roles: roles.exactOptional(),
    principals: principals.exactOptional(),
    exceptRoles: roles.exactOptional(),
    exceptPrincipals: principals.exactOptional(),
    tools: tools.exactOptional(),
  })
  .meta({ id: 'RateLimitPatch', description: 'What is absent stays as it is' });

export const rateLimit = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    classes: z.array(z.string()).readonly(),
    per: z.array(z.string()).readonly(),
    limit: z.int(),
    windowMs: z.int(),
    enabled: z.boolean(),
    roles: z.array(z.string()).readonly(),
    principals: z.array(z.string()).readonly(),
    exceptRoles: z.array(z.string()).readonly(),
    exceptPrincipals: z.array(z.string()).readonly(),
    tools: z.array(z.string()).readonly(),
    builtIn: z.boolean().meta({ description: 'Comes with the product, though it may be changed' }),
  })
  .meta({ id: 'RateLimit' });

export const rateLimitList = z
  .object({ items: z.array(rateLimit), nextCursor: z.null() })
  .meta({ id: 'RateLimitPage' });
