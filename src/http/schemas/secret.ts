import { z } from 'zod';
import { id, pageOf, time } from './common.ts';
import { idOrNameParam } from './params.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const secretName = z
  .string()
  .min(1)
  .max(100)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._ -]*$/u,
    'must start with a letter or digit and hold letters, digits, ". _ -" or spaces',
  )
  .refine((name) => !uuid.test(name), 'must not look like an id')
  .refine((name) => name !== 'rewrap', 'must not be "rewrap", which is a route')
  .refine((name) => name.trim() === name, 'must not end with a space');

const secretValue = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[^\0\r\n]*$/, 'must not contain NUL or line breaks: it goes into a header or a variable')
  .meta({ description: 'Taken as it is: for a header, all that stands after its name', writeOnly: true });

const description = z.string().max(1000);
const scope = z.enum(['shared', 'user']);
const mcps = z
  .array(idOrNameParam)
  .max(100)
  .meta({
    description:
      'Of a personal secret: the mcps that it may be used for, by id or name, as they reach their servers now. When one ' +
      'reaches its server otherwise, it has to be named again',
  });

export const secretInput = z
  .strictObject({
    name: secretName,
    value: secretValue,
    description: description.default(''),
    scope: scope
      .default('shared')
      .meta({ description: 'shared: mcps name it; user: one’s own, where an mcp asks for the caller’s' }),
    mcps: mcps.exactOptional(),
  })
  .meta({ id: 'SecretInput' });

export const secretPatch = z
  .strictObject({
    value: secretValue.exactOptional(),
    description: description.exactOptional(),
    mcps: mcps.exactOptional(),
  })
  .meta({ id: 'SecretPatch', description: 'A value makes the next version' });

export const secret = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    scope: z.enum(['shared', 'user', 'mcp']).meta({ description: 'mcp: what a setting of one mcp was given in clear' }),
    owner: z.string(),
    mcpId: id.nullable(),
    mcps: z.array(z.string()).readonly(),
    status: z.enum(['active', 'deleted']),
    version: z.int(),
    createdAt: time,
    createdBy: z.string(),
    updatedAt: time,
    rotatedAt: time.meta({ description: 'When it got the value that it has' }),
  })
  .meta({ id: 'Secret', description: 'Never with its value' });

export const secretPage = pageOf(secret, 'Secret');

export const secretUsage = z
  .object({
    items: z.array(
      z.object({
        mcpId: id,
        name: z.string(),
        settings: z.array(z.string()).readonly().meta({ description: 'headers/Authorization, env/API_KEY' }),
      }),
    ),
    nextCursor: z.null(),
  })
  .meta({ id: 'SecretUsage' });

export const rewrap = z
  .object({
    status: z.enum(['pending', 'running', 'succeeded', 'failed']),
    done: z.int(),
    total: z.int(),
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    error: z.string().nullable(),
    masterKey: z.string().meta({ description: 'Id of the master key that seals now; it tells nothing of the key' }),
    previousNeeded: z.boolean().meta({ description: 'Whether ANNALS_MASTER_KEY_PREVIOUS has to stay' }),
  })
  .meta({ id: 'SecretRewrap' });
