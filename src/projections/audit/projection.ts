import type { AnnalsEvent } from '../../domain/registry.ts';
import { categoryOf, type Position, type RecordedEvent } from '../../ports/event-store.ts';
import type { SearchRow } from '../../ports/read-model.ts';
import { recognise } from '../folding/recorded.ts';
import { beginning } from '../folding/words.ts';
import type { Projection } from '../projection.ts';
import { outcomeOf, type AuditOutcome } from './outcome.ts';
import { auditText } from './words.ts';

/** What an audit entry tells besides its text. */
export type AuditKeywords = {
  readonly position: Position;
  readonly at: string;
  readonly actor: string;
  /** The event's type. */
  readonly action: string;
  readonly category: string;
  readonly stream: string;
  /** What was acted on: the stream, or what a denial was about. */
  readonly resource: string;
  readonly outcome: AuditOutcome;
  readonly correlation_id: string;
  readonly remote_address: string | null;
  readonly mcp: string | null;
  readonly tool: string | null;
  /** Why it was refused or failed, shortened. */
  readonly reason: string | null;
  /** Why it was done, in the words of who did it. */
  readonly stated_reason: string | null;
};

/** An entry of the audit trail. It is made from one event alone. */
export type AuditRow = SearchRow & { readonly keywords: AuditKeywords };

const longestReason = 200;

/** One entry for each event of the log, those of unknown types included; order of ids is order of the log. */
export const audit: Projection<AuditRow> = {
  name: 'audit',
  schemaVersion: 3,
  model: {
    kind: 'search',
    index: 'audit',
    keywords: {
      position: 'integer',
      at: 'text',
      actor: 'text',
      action: 'text',
      category: 'text',
      stream: 'text',
      resource: 'text',
      outcome: 'text',
      correlation_id: 'text',
      remote_address: 'text',
      mcp: 'text',
      tool: 'text',
      reason: 'text',
      stated_reason: 'text',
    },
    ordinal: 'position',
    indexes: [
      ['actor', 'position'],
      ['action', 'position'],
      ['resource', 'position'],
      ['correlation_id', 'position'],
    ],
  },
  rowId: (event) => auditId(event.position),
  begins: 'always',
  evolve: (_row, event) => ({ id: auditId(event.position), text: auditText(event), keywords: keywordsOf(event) }),
};

/** Ids sort as positions do: 16 digits hold every position up to 2^53. */
export function auditId(position: Position): string {
  return String(position).padStart(16, '0');
}

function keywordsOf(event: RecordedEvent): AuditKeywords {
  const { position, stream, type, metadata } = event;
  return {
    position,
    at: metadata.occurredAt,
    actor: metadata.actor,
    action: type,
    category: categoryOf(stream),
    stream,
    outcome: outcomeOf(type),
    correlation_id: metadata.correlationId,
    remote_address: metadata.remoteAddress ?? null,
    stated_reason: metadata.reason ?? null,
    ...particularsOf(event),
  };
}

type Particulars = Pick<AuditKeywords, 'resource' | 'mcp' | 'tool' | 'reason'>;

const particularTypes = [
  'McpRegistered',
  'McpVersionPublished',
  'ToolDiscoveryFailed',
  'ExecutionRequested',
  'ExecutionFailed',
  'LoginFailed',
  'SessionEnded',
  'ProjectionRebuildFailed',
  'AccessDenied',
] as const satisfies readonly AnnalsEvent['type'][];
const isParticular = recognise<Extract<AnnalsEvent, { type: (typeof particularTypes)[number] }>>(particularTypes);

function particularsOf(event: RecordedEvent): Particulars {
  const plain: Particulars = { resource: event.stream, mcp: null, tool: null, reason: null };
  if (!isParticular(event)) return plain;
  switch (event.type) {
    case 'McpRegistered':
    case 'McpVersionPublished':
      return { ...plain, mcp: event.data.definition.name };
    case 'ExecutionRequested':
      return { ...plain, mcp: event.data.mcpName, tool: event.data.tool };
    case 'ExecutionFailed':
      return { ...plain, reason: shortened(`${event.data.error.code}: ${event.data.error.message}`) };
    case 'ToolDiscoveryFailed':
      return { ...plain, reason: shortened(`${event.data.code}: ${event.data.message}`) };
    case 'ProjectionRebuildFailed':
      return { ...plain, reason: shortened(event.data.message) };
    case 'LoginFailed':
    case 'SessionEnded':
      return { ...plain, reason: event.data.reason };
    case 'AccessDenied':
      return { ...plain, resource: event.data.resource, reason: shortened(event.data.reason) };
  }
}

function shortened(text: string): string {
  return text.length <= longestReason ? text : `${beginning(text, longestReason - 1)}…`;
}
