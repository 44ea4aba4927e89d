import type { Position } from '../../ports/event-store.ts';
import { exportAudit } from '../../queries/audit/export.ts';
import type { AuditItem } from '../../queries/audit/item.ts';
import { listAudit } from '../../queries/audit/list.ts';
import { decodeCursor, encodeCursor } from '../../queries/paging/cursor.ts';
import { pageLimit } from '../../queries/paging/page.ts';
import { ok } from '../answer.ts';
import { csvRows } from '../export/csv.ts';
import { jsonLines } from '../export/json-lines.ts';
import { streamPieces, streamText } from '../export/stream-pieces.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import {
  auditExportQuery,
  auditOutcome,
  auditPage,
  auditQuery,
  checkpointPage,
  checkpointQuery,
} from '../schemas/audit.ts';
import type { RouteParts } from './parts.ts';

const formats = {
  jsonl: { contentType: 'application/jsonl; charset=utf-8', text: jsonLines },
  csv: { contentType: 'text/csv; charset=utf-8', text: csvRows },
} as const;

/** Who did what, when, from where: derived from the log, denials included. */
export function auditRoutes({ queries, seal, auditReads }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/audit',
      summary: 'Search the audit trail',
      description:
        'The newest first. Denied attempts and failed logins are in it, and readings of it (`AuditRead`) as well.',
      tags: ['audit'],
      access: { permission: 'audit:read' },
      reads: 'audit',
      request: { query: auditQuery },
      responses: { 200: { description: 'A page of entries', schema: auditPage } },
      examples: [{ summary: 'What was denied', query: { outcome: 'denied', limit: '20' } }],
      async handler({ query }, context) {
        const page = await listAudit(queries, query);
        const { cursor, limit: _limit, sort: _sort, ...filter } = query;
        // Further pages are the same reading.
        if (cursor === undefined) await auditReads.record(context.command(), 'list', filter);
        return ok(page);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/audit/export',
      counts: 'export',
      summary: 'Export the audit trail',
      description:
        'In the order of the log, streamed: one JSON object a line, or CSV. `sealed`: all events as they are stored, with ' +
        'signed checkpoints, as one file that `annals audit verify` checks; with a filter, those events and a proof of each.',
      tags: ['audit'],
      access: { permission: 'audit:export' },
      reads: 'audit',
      request: { query: auditExportQuery },
      responses: { 200: { description: 'The entries', contentType: 'application/jsonl' } },
      examples: [{ summary: 'As CSV', query: { format: 'csv' } }],
      async handler({ query: { format, ...filter } }, context) {
        const recorded = () => auditReads.record(context.command(), format === 'sealed' ? 'sealed' : 'export', filter);
        if (format === 'sealed') {
          const isWhole = Object.keys(filter).length === 0;
          const sealed = seal.exportSealed(isWhole ? undefined : positionsOf(exportAudit(queries, filter)));
          // First, so that it is sealed with the rest: the file then has all that a witness has.
          await recorded();
          return streamPieces(sealed, 'application/octet-stream', 'annals-audit.sealed');
        }
        const { contentType, text } = formats[format];
        const answer = await streamText(text(exportAudit(queries, filter)), contentType, `annals-audit.${format}`);
        // What is exported ends before this reading of it, which the next one shows.
        await recorded();
        return answer;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/audit/checkpoints',
      summary: 'Signed checkpoints of the log',
      description: 'The newest first, and how far the log is sealed.',
      tags: ['audit'],
      access: { permission: 'audit:read' },
      request: { query: checkpointQuery },
      responses: { 200: { description: 'A page of checkpoints', schema: checkpointPage } },
      examples: [{ summary: 'The newest', query: { limit: '1' } }],
      async handler({ query: { limit, cursor } }) {
        const most = pageLimit(limit);
        const [before] = cursor === undefined ? [] : decodeCursor(checkpoints, cursor, 1);
        const found = await seal.checkpoints({
          limit: most + 1,
          ...(before === undefined ? {} : { before: Number(before) }),
        });
        const items = found.slice(0, most);
        const last = items.at(-1);
        const nextCursor = found.length > most && last ? encodeCursor(checkpoints, [last.sequence]) : null;
        return ok({ items, nextCursor, sealing: await seal.status() });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/audit/verify',
      summary: 'Compare the log with what was sealed of it',
      description:
        'Seals what is new, reads the whole log and names the first position at which it is not what was sealed. Takes as ' +
        'long as reading the log does.',
      tags: ['audit'],
      access: { permission: 'audit:read' },
      responses: { 200: { description: 'What was found', schema: auditOutcome } },
      examples: [{ summary: 'The whole log' }],
      async handler(_input, context) {
        await auditReads.record(context.command(), 'verify', {});
        return ok(await seal.verify());
      },
    }),
  ];
}

const checkpoints = 'audit checkpoints';

async function* positionsOf(items: AsyncIterable<AuditItem>): AsyncGenerator<Position> {
  for await (const { position } of items) yield position;
}
