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
export const auditExportQuery = z.strictObject({
  format: z.enum(['jsonl', 'csv', 'sealed']).default('jsonl'),
  ...filter,
});

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
    reason: z.string().nullable().meta({ description: 'Why it was refused or failed' }),
    statedReason: z.string().nullable().meta({ description: 'Why, in the words of the caller (X-Reason)' }),
    snippet: z.string().optional().meta({ description: 'Where words were found, each between U+0002 and U+0003' }),
  })
  .meta({ id: 'AuditItem' });

export const auditPage = pageOf(auditItem, 'Audit');

const hex = z.string().meta({ description: 'SHA-256, hex' });

const checkpoint = z
  .object({
    sequence: z.int(),
    size: z.int().meta({ description: 'Events sealed' }),
    position: position.meta({ description: 'Of the last event sealed' }),
    time,
    root: z.string().meta({ description: 'Root of the Merkle tree over all events (RFC 6962), base64' }),
    chain: hex,
    previous: hex,
    signed: z.string().meta({ description: 'What was signed, and its signature' }),
  })
  .meta({ id: 'AuditCheckpoint' });

export const sealStatus = z
  .object({
    status: z.enum(['sealing', 'waiting', 'broken', 'elsewhere']),
    reason: z.string().optional(),
    firstBadPosition: position.optional(),
    position: position.meta({ description: 'Of the last event sealed' }),
    size: z.int().meta({ description: 'Events sealed' }),
    lag: z
      .int()
      .nullable()
      .meta({ description: 'Positions by which sealing is behind the log; null: it cannot be read' }),
    publicKey: z.string().nullable().meta({ description: 'Verifies checkpoints; a verifier key of signed notes' }),
    witness: z.enum(['none', 'file', 'directory', 'stdout']),
  })
  .meta({ id: 'AuditSealing' });

export const checkpointQuery = z.strictObject({ limit: listQuery.limit, cursor: listQuery.cursor });

export const checkpointPage = z
  .object({ items: z.array(checkpoint), nextCursor: z.string().nullable(), sealing: sealStatus })
  .meta({ id: 'AuditCheckpointPage' });

export const auditOutcome = z
  .object({
    ok: z.boolean(),
    origin: z.string().nullable().meta({ description: 'The log, as its checkpoints name it' }),
    events: z.int().meta({ description: 'Found as they were sealed' }),
    checkpoints: z.int().meta({ description: 'That hold' }),
    position: position.meta({ description: 'Of the last checkpoint that holds' }),
    firstBad: z
      .object({
        position,
        through: position.optional().meta({ description: 'Present: the place is not known more precisely' }),
        fault: z.enum([
          'changed',
          'deleted',
          'inserted',
          'reordered',
          'truncated',
          'sealed_list',
          'checkpoint',
          'file',
        ]),
        detail: z.string(),
      })
      .nullable(),
  })
  .meta({ id: 'AuditOutcome' });
