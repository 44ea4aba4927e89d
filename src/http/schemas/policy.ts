import { z } from 'zod';
import { permission, roleName } from './access.ts';
import { position, time } from './common.ts';
import { limitInput, limitPatch } from './limit.ts';
import { idOrNameParam, idParam, timeParam } from './params.ts';

const names = z.array(roleName).max(100).default([]);

const change = z
  .strictObject({
    roles: z
      .array(
        z.strictObject({
          name: roleName,
          permissions: z
            .array(permission)
            .max(1000)
            .nullable()
            .meta({ description: 'These and no others; null: there would be no such role' }),
        }),
      )
      .max(100)
      .default([])
      .meta({ description: 'Roles, built-in ones too, as they would be; a name that no role has is a new one' }),
    members: z
      .array(z.strictObject({ userId: idParam, give: names, take: names }))
      .max(1000)
      .default([])
      .meta({ description: 'Who would have other roles' }),
    limits: z
      .array(
        z.union([
          z.strictObject({ add: limitInput }),
          z.strictObject({ change: idOrNameParam, to: limitPatch }),
          z.strictObject({ remove: idOrNameParam }),
        ]),
      )
      .max(50)
      .default([])
      .meta({ description: 'Rules of rate limits that would be added, changed or removed, by name or id' }),
  })
  .meta({ id: 'PolicyChange' });

export const previewInput = z
  .strictObject({
    change,
    from: timeParam.exactOptional(),
    to: timeParam.exactOptional(),
    actor: z.string().min(1).max(300).exactOptional().meta({ description: 'Who: user:<id>' }),
    mcp: z.string().min(1).max(100).exactOptional().meta({ description: 'Name, as it was, or id' }),
    tool: z.string().min(1).max(200).exactOptional(),
    limit: z.int().min(1).max(200).exactOptional().meta({ description: 'Differences on a page, 50 when absent' }),
    cursor: z
      .string()
      .min(1)
      .max(4096)
      .exactOptional()
      .meta({ description: 'nextCursor of the page before, with the same body otherwise' }),
  })
  .meta({ id: 'PolicyPreviewInput' });

const decided = z.object({
  allowed: z.boolean(),
  reason: z
    .string()
    .nullable()
    .meta({ description: 'permission_missing, insufficient_scope or rate_limited; null: allowed' }),
  rule: z.string().nullable().meta({ description: 'Name of the rate limit that had no room' }),
});

const difference = z
  .object({
    position,
    at: time,
    actor: z.string(),
    via: z.string().nullable(),
    action: z.string().meta({ description: 'The permission that was in question' }),
    resource: z.string().meta({ description: 'What it was asked of: a route, or a stream' }),
    mcpId: z.string().nullable(),
    mcp: z.string().nullable(),
    tool: z.string().nullable(),
    then: decided.meta({ description: 'How it was decided' }),
    would: decided.meta({ description: 'How it would have been decided' }),
  })
  .meta({ id: 'PolicyDifference' });

const count = z.int();

export const preview = z
  .object({
    items: z.array(difference).readonly(),
    totals: z
      .object({
        calls: count,
        allowed: count,
        denied: count,
        wouldBeAllowed: count,
        wouldBeDenied: count,
        undecided: count.meta({ description: 'Of which the record does not tell enough' }),
        differences: count,
      })
      .meta({ description: 'Of what this answer looked at' }),
    progress: z.object({
      after: position.meta({ description: 'The range begins beyond this position' }),
      position: position.meta({ description: 'Everything up to here was looked at' }),
      through: position.meta({ description: 'The last position of the range' }),
      complete: z.boolean(),
      stopped: z
        .enum(['limit', 'calls', 'cancelled'])
        .nullable()
        .meta({ description: 'The page was full, or as many calls were decided as one answer may' }),
    }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'PolicyPreview' });
