import { z } from 'zod';
import { pageOf, position, time } from './common.ts';
import { asOfParam, listQuery, timeParam } from './params.ts';

const short = z.string().min(1).max(300);

const filter = {
  actor: short.exactOptional().meta({ description: 'Who: user:<id>, system:<part>, anonymous' }),
  action: short.exactOptional().meta({ description: 'Type of event: McpRegistered, AccessDenied …' }),
  resource: short.exactOptional().meta({ description: 'A stream, or what a denial was about' }),
  outcome: z.enum(['succeeded', 'failed', 'denied']).exactOptional(),
  correlationId: z.string().min(1).max(128).exactOptional(),
  from: timeParam.exactOptional(),
  to: timeParam.exactOptional(),
  q: z
    .string()
    .min(1)
    .max(500)
    .exactOptional()
    .meta({ description: 'Words that all occur; "in quotes" in this order' }),
  asOf: asOfParam.exactOptional(),
};

export const auditQuery = z.strictObject({ ...listQuery, ...filter });
export const auditExportQuery = z.strictObject({ format: z.enum(['jsonl', 'csv']).default('jsonl'), ...filter });

export const auditItem = z
  .object({
    position,
    at: time,
    actor: z.string(),
    action: z.string(),
    resource: z.string(),
    stream: z.string(),
    outcome: z.enum(['succeeded', 'failed', 'denied']),
    correlationId: z.string(),
    remoteAddress: z.string().nullable(),
    mcp: z.string().nullable(),
    tool: z.string().nullable(),
    reason: z.string().nullable(),
    snippet: z.string().optional().meta({ description: 'Where words were found, each between U+0002 and U+0003' }),
  })
  .meta({ id: 'AuditItem' });

export const auditPage = pageOf(auditItem, 'Audit');
