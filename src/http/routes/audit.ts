import { exportAudit } from '../../queries/audit/export.ts';
import { listAudit } from '../../queries/audit/list.ts';
import { ok } from '../answer.ts';
import { csvRows } from '../export/csv.ts';
import { jsonLines } from '../export/json-lines.ts';
import { streamText } from '../export/stream-text.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { auditExportQuery, auditPage, auditQuery } from '../schemas/audit.ts';
import type { RouteParts } from './parts.ts';

const formats = {
  jsonl: { contentType: 'application/jsonl; charset=utf-8', text: jsonLines },
  csv: { contentType: 'text/csv; charset=utf-8', text: csvRows },
} as const;

/** Who did what, when, from where: derived from the log, denials included. */
export function auditRoutes({ queries }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/audit',
      summary: 'Search the audit trail',
      description: 'The newest first. Denied attempts and failed logins are in it.',
      tags: ['audit'],
      access: { permission: 'audit:read' },
      reads: 'audit',
      request: { query: auditQuery },
      responses: { 200: { description: 'A page of entries', schema: auditPage } },
      examples: [{ summary: 'What was denied', query: { outcome: 'denied', limit: '20' } }],
      handler: async ({ query }) => ok(await listAudit(queries, query)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/audit/export',
      summary: 'Export the audit trail',
      description: 'In the order of the log, streamed: one JSON object a line, or CSV.',
      tags: ['audit'],
      access: { permission: 'audit:export' },
      reads: 'audit',
      request: { query: auditExportQuery },
      responses: { 200: { description: 'The entries', contentType: 'application/jsonl' } },
      examples: [{ summary: 'As CSV', query: { format: 'csv' } }],
      async handler({ query: { format, ...filter } }) {
        const { contentType, text } = formats[format];
        return streamText(text(exportAudit(queries, filter)), contentType, `annals-audit.${format}`);
      },
    }),
  ];
}
