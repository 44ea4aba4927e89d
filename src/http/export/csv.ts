import type { AuditItem } from '../../queries/audit/item.ts';

const columns = [
  'position',
  'at',
  'actor',
  'action',
  'resource',
  'stream',
  'outcome',
  'correlationId',
  'remoteAddress',
  'mcp',
  'tool',
  'reason',
  'statedReason',
] as const satisfies readonly (keyof AuditItem)[];

/** Entries as CSV (RFC 4180), with a row of names first. */
export async function* csvRows(items: AsyncIterable<AuditItem>): AsyncGenerator<string> {
  yield `${columns.join(',')}\r\n`;
  for await (const item of items) yield `${columns.map((column) => cell(item[column])).join(',')}\r\n`;
}

/**
 * One cell. Text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection): who
 * opens an export must not run what somebody else has written.
 */
export function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const inert = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
